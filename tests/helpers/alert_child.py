"""A desk of alerts as a process of its own that a test kills: `python -m tests.helpers.alert_child FOLDER URL`.

Its rule fires, the webhook at URL is told, and it says the id of the alert when that is on the disk.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chainbot_desktop.watch.alerts.delivery import ChannelPlan
from chainbot_desktop.watch.alerts.delivery_webhook import WebhookWay
from chainbot_desktop.watch.alerts.records import AlertRule
from tests.helpers.alert_desks import ME, open_alarm

HOT = AlertRule(name="busy", title="Busy", kind="threshold", metric="cpu", value=90)
FULL = AlertRule(name="full", title="Full", kind="threshold", metric="disk", value=90)


async def _no_secret() -> None:
    return None


def plan(url: str) -> ChannelPlan:
    return ChannelPlan("there", "webhook", url, True, "info", False, WebhookWay(url, _no_secret))


async def main(folder: Path, url: str) -> None:
    async with open_alarm(folder, HOT, FULL, channels=[plan(url)], real_clocks=True) as alarm:
        alarm.desk.feed_sample({"cpu": 95.0, "disk": 95.0})
        ids = {alert.rule: alert.id for alert in alarm.desk.active}
        await alarm.desk.acknowledge(ids["full"], actor=ME)
        print(ids["busy"], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
