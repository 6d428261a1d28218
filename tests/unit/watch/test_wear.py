from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.watch.sensors import Throttling
from chainbot_desktop.watch.wear import Wear, WearGauge


def card(sys: Path, block: str, **registers: str) -> None:
    device = sys / "block" / block / "device"
    device.mkdir(parents=True)
    for register, text in registers.items():
        (device / register).write_text(text + "\n")


@pytest.mark.parametrize(
    ("life", "spare", "expected"),
    [
        ("0x01 0x01", "0x01", Wear(10, 1)),
        ("0x02 0x05", "0x02", Wear(50, 2)),
        ("0x0B 0x01", "0x03", Wear(100, 3)),
        ("0x00 0x00", "0x00", None),
        ("", "0x01", Wear(None, 1)),
        ("nonsense", "", None),
        ("0x0c", "0x09", None),
    ],
)
def test_what_an_emmc_tells(tmp_path: Path, life: str, spare: str, expected: Wear | None) -> None:
    card(tmp_path, "mmcblk0", life_time=life, pre_eol_info=spare)
    assert WearGauge(tmp_path).read() == expected


def test_the_most_worn_card_counts(tmp_path: Path) -> None:
    card(tmp_path, "mmcblk0", life_time="0x01 0x02", pre_eol_info="0x01")
    card(tmp_path, "mmcblk1", life_time="0x04 0x03", pre_eol_info="0x01")
    assert WearGauge(tmp_path).read() == Wear(40, 1)


def test_an_sd_card_and_a_machine_without_cards_tell_nothing(tmp_path: Path) -> None:
    assert WearGauge(tmp_path).read() is None
    card(tmp_path, "mmcblk0", name="SD32G")
    assert WearGauge(tmp_path).read() is None


def test_what_was_since_the_start_is_told_apart_from_now() -> None:
    past = Throttling(0x40000)
    assert (past.throttled_since_start, past.undervoltage_since_start, past.any_now) == (True, False, False)
    assert Throttling(0x1).throttled_since_start is False
