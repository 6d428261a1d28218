"""Which charts there are, and which figures each of them shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainbot_desktop.watch.metrics import Sample


@dataclass(frozen=True, slots=True)
class TracePlan:
    """`name` is a figure's, or the beginning of those of a family, which end with "*"; `label` what it is called in the chart."""

    name: str
    label: str
    token: str
    thin: bool = False

    def shows(self, figure: str) -> bool:
        return figure.startswith(self.name[:-1]) if self.name.endswith("*") else figure == self.name


@dataclass(frozen=True, slots=True)
class ChartPlan:
    """`shades` are figures that are 0 or 1: where they are 1 the ground is coloured, and says so."""

    title: str
    unit: str
    traces: tuple[TracePlan, ...]
    ceiling: float | None = None
    digits: int = 0
    from_zero: bool = True
    missing: str = "Nothing was measured in this time"
    note: Callable[[Sample], str] = lambda sample: ""
    shades: tuple[tuple[str, str], ...] = ()

    def shows(self, figure: str) -> bool:
        return any(trace.shows(figure) for trace in self.traces) or any(name == figure for name, _ in self.shades)


_POWER = (("undervoltage", "undervoltage"), ("throttled", "throttled"))


def _load_note(sample: Sample) -> str:
    return f"load {sample.machine.load[0]:.2f}" if sample.machine.load else ""


def _memory_note(sample: Sample) -> str:
    machine = sample.machine
    if machine.memory_used is None or machine.memory_total is None:
        return ""
    # Memory comes in powers of two, disks are sold in powers of ten; the status line says the same.
    return f"{machine.memory_used / 2**30:,.1f} of {machine.memory_total / 2**30:,.1f} GiB"


def _disk_note(sample: Sample) -> str:
    free = sample.machine.disk_free
    return "" if free is None else f"{free / 1e9:,.1f} GB free"


def _program_note(sample: Sample) -> str:
    machine = sample.machine
    threads = "" if machine.own_threads is None else f"{machine.own_threads} threads"
    files = "" if machine.own_files is None else f"{machine.own_files} files"
    return ", ".join(part for part in (threads, files) if part)


def _lag_note(sample: Sample) -> str:
    return f"p50 {sample.lag.p50 * 1000:.0f}, p99 {sample.lag.p99 * 1000:.0f} ms" if sample.lag.count else ""


def _power_note(sample: Sample) -> str:
    """What was so since the machine started and is over now."""
    bits = sample.machine.throttling
    if bits is None:
        return ""
    now = [word for word, holds in (("undervoltage", bits.undervoltage), ("throttled", bits.throttled)) if holds]
    if now:
        return f"now: {', '.join(now)}"
    past = [
        word
        for word, held in (("undervoltage", bits.undervoltage_since_start), ("throttled", bits.throttled_since_start))
        if held
    ]
    return f"since the start: {', '.join(past)}" if past else ""


def _wear_note(sample: Sample) -> str:
    wear = sample.machine.wear
    if wear is None or wear.spare is None:
        return ""
    return {1: "spare blocks: enough", 2: "spare blocks: 4 of 5 used", 3: "spare blocks: hardly any"}[wear.spare]


PLANS = (
    ChartPlan(
        "CPU",
        "%",
        (TracePlan("core*", "core", "waiting", thin=True), TracePlan("cpu", "", "working")),
        ceiling=100,
        note=_load_note,
        shades=_POWER,
    ),
    ChartPlan("Memory", "%", (TracePlan("memory", "", "accent"), TracePlan("swap", "swap", "waiting")), 100, note=_memory_note),
    ChartPlan(
        "Program and agents",
        "MB",
        (
            TracePlan("own_memory", "RSS", "idle", thin=True),
            TracePlan("agent_memory:*", "", "working"),
            TracePlan("own_pss", "PSS", "done"),
        ),
        note=_program_note,
    ),
    ChartPlan(
        "Temperature",
        "°C",
        (TracePlan("temperature", "", "needs_input"),),
        digits=1,
        from_zero=False,
        missing="This machine told no temperature in this time",
        note=_power_note,
        shades=_POWER,
    ),
    ChartPlan("Clock", "MHz", (TracePlan("frequency", "", "waiting"),), missing="The processor's clock is not told"),
    ChartPlan(
        "Disk", "MB/s", (TracePlan("disk_read", "read", "working"), TracePlan("disk_written", "write", "needs_input")), digits=1
    ),
    ChartPlan("Disk space", "%", (TracePlan("disk", "", "accent"),), 100, note=_disk_note),
    ChartPlan(
        "Card wear",
        "%",
        (TracePlan("wear", "", "failed"),),
        100,
        missing="No card of this machine tells its wear",
        note=_wear_note,
    ),
    ChartPlan("Network", "MB/s", (TracePlan("received", "in", "working"), TracePlan("sent", "out", "done")), digits=2),
    ChartPlan("Loop lag", "ms", (TracePlan("loop_lag", "", "done"),), digits=1, note=_lag_note),
    ChartPlan("Events", "/s", (TracePlan("events", "", "accent"),), digits=1),
    ChartPlan("Queues", "waiting", (TracePlan("queue:*", "", "waiting"),)),
    ChartPlan("Database", "MB", (TracePlan("database", "", "accent"),), digits=1),
    ChartPlan(
        "Ahead of ALEX OS's clock",
        "s",
        (TracePlan("clock_skew", "", "needs_input"),),
        digits=1,
        from_zero=False,
        missing="ALEX OS told no time of its own in this time",
    ),
    ChartPlan("Model tokens", "/min", (TracePlan("tokens", "", "working"),), missing="No agent used a model in this time"),
    ChartPlan(
        "Model cost", "$/min", (TracePlan("cost", "", "needs_input"),), digits=4, missing="No agent used a model in this time"
    ),
)
FAMILY_TOKENS = ("working", "accent", "waiting", "needs_input", "done")
"""In the order in which the members of a family take them."""
MOST_MEMBERS = 5
"""Of a family, the largest, with a colour and a name each. Cores are many and are drawn alike."""
