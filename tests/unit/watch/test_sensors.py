from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.watch.sensors import Thermometer, ThrottleGauge


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_machine_without_sensors_says_so(tmp_path: Path) -> None:
    assert Thermometer(tmp_path).read() is None
    assert ThrottleGauge(tmp_path).read() is None


def test_the_processor_is_preferred_to_other_zones(tmp_path: Path) -> None:
    put(tmp_path / "class/thermal/thermal_zone0/type", "acpitz\n")
    put(tmp_path / "class/thermal/thermal_zone0/temp", "27800\n")
    put(tmp_path / "class/thermal/thermal_zone1/type", "cpu-thermal\n")
    put(tmp_path / "class/thermal/thermal_zone1/temp", "51540\n")
    assert Thermometer(tmp_path).read() == 51.54


def test_a_chip_of_the_hwmon_kind(tmp_path: Path) -> None:
    put(tmp_path / "class/hwmon/hwmon0/name", "nvme\n")
    put(tmp_path / "class/hwmon/hwmon0/temp1_input", "33000\n")
    put(tmp_path / "class/hwmon/hwmon1/name", "k10temp\n")
    put(tmp_path / "class/hwmon/hwmon1/temp1_input", "61000\n")
    assert Thermometer(tmp_path).read() == 61.0


@pytest.mark.parametrize("text", ["", "garbage", "999999999", "-300000"])
def test_nonsense_is_no_temperature(tmp_path: Path, text: str) -> None:
    put(tmp_path / "class/thermal/thermal_zone0/type", "cpu-thermal\n")
    put(tmp_path / "class/thermal/thermal_zone0/temp", text)
    assert Thermometer(tmp_path).read() is None


def test_a_sensor_that_goes_away_is_none(tmp_path: Path) -> None:
    put(tmp_path / "class/thermal/thermal_zone0/type", "cpu-thermal\n")
    file = tmp_path / "class/thermal/thermal_zone0/temp"
    put(file, "50000")
    thermometer = Thermometer(tmp_path)
    assert thermometer.read() == 50.0
    file.unlink()
    assert thermometer.read() is None


def test_the_throttle_bits_of_a_pi(tmp_path: Path) -> None:
    file = tmp_path / "devices/platform/soc/soc:firmware/get_throttled"
    put(file, "50005\n")
    gauge = ThrottleGauge(tmp_path)
    now = gauge.read()
    assert now is not None
    assert now.complete
    assert (now.undervoltage, now.throttled, now.frequency_capped, now.any_now) == (True, True, False, True)
    put(file, "0x50000\n")
    later = gauge.read()
    assert later is not None
    assert (later.any_now, later.undervoltage_since_start) == (False, True)


def test_the_voltage_alarm_where_there_is_no_more(tmp_path: Path) -> None:
    put(tmp_path / "class/hwmon/hwmon3/name", "rpi_volt\n")
    alarm = tmp_path / "class/hwmon/hwmon3/in0_lcrit_alarm"
    put(alarm, "1\n")
    gauge = ThrottleGauge(tmp_path)
    found = gauge.read()
    assert found is not None
    assert found.undervoltage
    assert not found.complete
    put(alarm, "0\n")
    calm = gauge.read()
    assert calm is not None
    assert not calm.any_now
