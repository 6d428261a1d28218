"""Readings that fail, hang, and come back."""

from __future__ import annotations

import threading
import time

import pytest

from chainbot_desktop.watch.probes import Probe, Probes


def looked(probes: Probes, now: float, until: object) -> float:
    """Look once a second (of a clock of the test's own) until a condition holds; the time it is then."""
    assert callable(until)
    end = time.monotonic() + 20
    while not until():
        assert time.monotonic() < end
        now += 1
        probes.look(now)
        time.sleep(0.005)
    return now


def test_a_reading_that_fails_is_absent_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    works = [False]

    def read() -> int:
        if not works[0]:
            raise OSError("no such sensor")
        return 7

    broken, sound = Probe("the sensor", read, 1), Probe("the other", lambda: 5, 1)
    probes = Probes([broken, sound], patience=5)
    for now in range(3):
        probes.look(now)
    assert (broken.value, sound.value) == (None, 5)
    assert caplog.text.count("the sensor cannot be read") == 1
    works[0] = True
    probes.look(10)
    assert broken.value == 7
    probes.close()


def test_a_reading_that_hangs_keeps_no_other_from_being_read() -> None:
    let_go, count = threading.Event(), [0]

    def hang() -> str:
        let_go.wait(30)
        return "late"

    def tick() -> int:
        count[0] += 1
        return count[0]

    probe, other = Probe("the disk", hang, 1), Probe("the rest", tick, 1)
    probes = Probes([other, probe, Probe("after it", lambda: 1, 1)], patience=0.01, give_up_after=0.2)
    now = looked(probes, 0, lambda: probe.hangs)
    assert probe.value is None
    seen = count[0]
    now = looked(probes, now, lambda: count[0] >= seen + 5)
    assert probe.value is None
    let_go.set()
    now = looked(probes, now, lambda: probe.value == "late")
    seen = count[0]
    looked(probes, now, lambda: count[0] >= seen + 2)
    probes.close()


def test_a_look_does_not_wait_for_what_hangs() -> None:
    let_go = threading.Event()
    probes = Probes([Probe("the disk", lambda: let_go.wait(60), 1)], patience=0.05, give_up_after=100)
    begun = time.monotonic()
    for now in range(5):
        probes.look(now)
    assert time.monotonic() - begun < 5
    let_go.set()
    probes.close()


def test_what_is_read_rarely_is_read_rarely() -> None:
    count = [0]

    def read() -> int:
        count[0] += 1
        return count[0]

    probes = Probes([Probe("the wear", read, 600)], patience=5)
    for now in range(1300):
        probes.look(now)
    assert count[0] == 3
    probes.close()
