"""Every figure that is measured, once: its name, its unit and what it means, for the charts, the API, Prometheus and alert rules.

A figure with a member, like `queue:journal`, belongs to a family; members come and go with what they are about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_CORE = re.compile(r"core(\d+)")


@dataclass(frozen=True, slots=True)
class Figure:
    """`exposed` is its name in `/metrics`, after "chainbot_", with the unit as Prometheus wants it."""

    name: str
    unit: str
    meaning: str
    exposed: str


@dataclass(frozen=True, slots=True)
class Family:
    """`name` is that of a member, with its own part in braces; `label` is what that part is called in `/metrics`."""

    name: str
    unit: str
    meaning: str
    exposed: str
    label: str


FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure("cpu", "%", "Processor time in use, the mean of all cores", "machine_cpu_usage_percent"),
        Figure("frequency", "MHz", "Clock of the processor, the mean of all cores", "machine_cpu_frequency_megahertz"),
        Figure("load", "", "Load average of one minute", "machine_load1"),
        Figure("memory", "%", "Memory in use", "machine_memory_usage_percent"),
        Figure("swap", "%", "Swap in use", "machine_swap_usage_percent"),
        Figure("disk", "%", "Disk of the data folder in use", "machine_disk_usage_percent"),
        Figure("disk_free", "GB", "Free space on the disk of the data folder", "machine_disk_free_gigabytes"),
        Figure("disk_read", "MB/s", "Read from all disks", "machine_disk_read_megabytes_per_second"),
        Figure("disk_written", "MB/s", "Written to all disks", "machine_disk_written_megabytes_per_second"),
        Figure("received", "MB/s", "Received over the network, without loopback", "machine_received_megabytes_per_second"),
        Figure("sent", "MB/s", "Sent over the network, without loopback", "machine_sent_megabytes_per_second"),
        Figure("temperature", "°C", "Temperature of the processor", "machine_temperature_celsius"),
        Figure("undervoltage", "", "1 while the supply voltage is too low", "machine_undervoltage"),
        Figure("throttled", "", "1 while the firmware slows the machine or it lacks volts", "machine_throttled"),
        Figure(
            "undervoltage_since_start",
            "",
            "1 if the voltage was too low since the machine started",
            "machine_undervoltage_since_start",
        ),
        Figure(
            "throttled_since_start",
            "",
            "1 if the firmware slowed it since the machine started",
            "machine_throttled_since_start",
        ),
        Figure("wear", "%", "Life of the flash card that is used up at most, counted in tenths", "machine_flash_wear_percent"),
        Figure(
            "wear_spare",
            "",
            "Spare blocks of the card: 1 enough, 2 four fifths are used, 3 hardly any",
            "machine_flash_spare_level",
        ),
        Figure("clock_jump", "s", "How far the wall clock jumped since the last second", "machine_clock_jump_seconds"),
        Figure("clock_skew", "s", "How far this clock is ahead of ALEX OS's; below zero it is behind", "clock_skew_seconds"),
        Figure("own_cpu", "%", "Processor time of this program; 100 is one core", "own_cpu_percent"),
        Figure("own_memory", "MB", "Resident memory of this program", "own_memory_megabytes"),
        Figure("own_pss", "MB", "Proportional memory of this program", "own_pss_megabytes"),
        Figure("own_threads", "", "Threads of this program", "own_threads"),
        Figure("own_files", "", "Open files of this program", "own_files"),
        Figure("database", "MB", "Size of the journal's database on the disk", "database_megabytes"),
        Figure("loop_lag", "ms", "Worst lateness of the program's loop in a second", "loop_lag_worst_milliseconds"),
        Figure("events", "/s", "Events that the journal took", "events_per_second"),
        Figure("tokens", "/min", "Tokens that models were paid for in the last minute", "model_tokens_per_minute"),
        Figure(
            "cost", "$/min", "What models cost in the last minute, where the price is known", "model_cost_dollars_per_minute"
        ),
    )
}
"""In the order in which they are listed."""

CORE = Family("core{number}", "%", "Processor time in use of one core", "machine_core_usage_percent", "core")
QUEUE = Family("queue:{name}", "", "How many wait in a queue", "queue_waiting", "queue")
AGENT_MEMORY = Family(
    "agent_memory:{agent}", "MB", "Proportional memory of an agent's own processes", "agent_memory_megabytes", "agent"
)
FAMILIES = (CORE, QUEUE, AGENT_MEMORY)


def family_of(name: str) -> tuple[Family, str] | None:
    """The family of a figure and which member it is; None for one of `FIGURES` and for what is no figure."""
    core = _CORE.fullmatch(name)
    if core is not None:
        return CORE, core[1]
    head, colon, member = name.partition(":")
    if colon and member:
        for family in (QUEUE, AGENT_MEMORY):
            if family.name.startswith(f"{head}:"):
                return family, member
    return None


def unit_of(name: str) -> str:
    """ "" also for what is no figure of ours."""
    figure = FIGURES.get(name)
    if figure is not None:
        return figure.unit
    family = family_of(name)
    return family[0].unit if family is not None else ""
