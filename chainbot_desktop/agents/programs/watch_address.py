"""Asks an HTTP address again and again, and prints one line each time: what it answered and how fast. Ends with SIGTERM."""

from __future__ import annotations

import argparse
import sys
import time
import urllib.error
import urllib.request

TIMEOUT = 10.0
_READ_BYTES = 1024 * 1024


def look(address: str) -> tuple[bool, str]:
    """Whether it answers well, and a sentence: an answer below 400 is good."""
    begun = time.monotonic()
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:  # noqa: S310 (checked by `main`)
            answer.read(_READ_BYTES)
            word = f"{answer.status} {answer.reason}"
    except urllib.error.HTTPError as error:
        with error:
            return False, f"DOWN: {error.code} {error.reason}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return False, f"DOWN: {reason}"
    return True, f"up: {word} in {(time.monotonic() - begun) * 1000:.0f} ms"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="watch_address", description="Says whether an HTTP address answers.")
    parser.add_argument("address", help="http:// or https://")
    parser.add_argument("--every", type=float, default=30.0, help="seconds from one look to the next (at least 1)")
    asked = parser.parse_args(arguments)
    if not asked.address.startswith(("http://", "https://")):
        parser.error("the address begins with http:// or https://")
    if not 1 <= asked.every <= 86_400:
        parser.error("--every is 1 to 86400 seconds")
    while True:
        _, words = look(asked.address)
        sys.stdout.write(f"{asked.address} {words} at {time.strftime('%H:%M:%S')}\n")
        sys.stdout.flush()
        time.sleep(asked.every)


if __name__ == "__main__":
    main()
