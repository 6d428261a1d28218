"""A small shop, for agents to work on."""

from __future__ import annotations


def total_cents(orders: list[dict[str, int]]) -> int:
    """What all orders together cost, in cents."""
    return sum(order["cents"] for order in orders)


def with_discount(cents: int, percent: int) -> int:
    """`cents` less `percent`, rounded down in favour of the customer."""
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is no percentage")
    return cents * (100 - percent) // 100
