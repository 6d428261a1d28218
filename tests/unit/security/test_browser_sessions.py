from __future__ import annotations

from chainbot_desktop.security.browser_sessions import SESSION_LIFETIME, TICKET_LIFETIME, Sessions, Tickets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_ticket_works_once() -> None:
    tickets = Tickets()
    ticket = tickets.issue()
    assert not tickets.redeem("another")
    assert tickets.redeem(ticket)
    assert not tickets.redeem(ticket)


def test_a_ticket_ends_after_an_hour() -> None:
    clock = Clock()
    tickets = Tickets(clock)
    ticket = tickets.issue()
    clock.now = TICKET_LIFETIME
    assert not tickets.redeem(ticket)


def test_a_session_lasts_until_it_is_ended_or_old() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    one, two = sessions.create(), sessions.create()
    assert sessions.valid(one)
    sessions.end(one)
    assert not sessions.valid(one)
    assert sessions.valid(two)
    clock.now = SESSION_LIFETIME
    assert not sessions.valid(two)
    assert not sessions.valid("")


def test_the_oldest_goes_when_there_are_too_many() -> None:
    tickets = Tickets()
    first = tickets.issue()
    rest = [tickets.issue() for _ in range(100)]
    assert not tickets.redeem(first)
    assert tickets.redeem(rest[-1])
