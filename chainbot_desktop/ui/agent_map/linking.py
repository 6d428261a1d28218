"""Links as a person makes, looks at and releases them on the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from chainbot_desktop.agents.records import Entanglement
from chainbot_desktop.ui.agent_map.control import AgentControl
from chainbot_desktop.ui.agent_map.foot_bar import BarAction
from chainbot_desktop.ui.agent_map.link_sheet import LinkSheet
from chainbot_desktop.ui.agent_map.map_parts import MapParts
from chainbot_desktop.ui.agent_map.runtime import LinkService
from chainbot_desktop.ui.agent_map.undo import Undo
from chainbot_desktop.ui.view import Message

_RATE_MS = 1_000


class Linking(QObject):
    changed = Signal()
    """What the bar at the foot says of the selected link, or of the one on its way, is another."""
    message = Signal(object)

    def __init__(self, parts: MapParts, control: AgentControl, links: LinkService, undo: Undo) -> None:
        super().__init__(parts.view)
        self._host, self._canvas, self._directory, self._control = parts.view, parts.canvas, parts.directory, control
        self._links, self._undo, self._themes, self._tasks = links, undo, parts.themes, parts.tasks
        self._name_of = parts.name_of
        canvas = parts.canvas
        self._rate_of = parts.rate
        self._rate = QTimer(self, interval=_RATE_MS)
        self._rate.timeout.connect(self.changed)
        canvas.fits = self.fits
        canvas.link_wanted.connect(lambda source, target: self.ask((source, target)))
        canvas.next_link_wanted.connect(self.go_on)
        canvas.release_wanted.connect(undo.release)

    # Making.

    def why_not(self, agent_id: str) -> str:
        """Why no link can reach it."""
        agent = self._directory.get(agent_id)
        if agent is None:
            return "The agent has gone."
        return f"{agent.name} has ended: a link would reach nobody." if agent.ended else ""

    def fits(self, source: str, target: str) -> bool:
        return source != target and not self.why_not(target)

    def ask(self, ids: Sequence[str]) -> LinkSheet | None:
        """The sheet that asks what the link means; a sentence instead where none can be."""
        why = next((why for id_ in ids if (why := self.why_not(id_))), "")
        if why:
            self.message.emit(Message(why, "warning"))
            return None
        members = [(id_, self._name_of(id_)) for id_ in ids]
        sheet = LinkSheet(self._host, self._themes, members, self._why_kind_not, self._undo.link)
        sheet.open()
        return sheet

    def _why_kind_not(self, kind: str, members: Sequence[str]) -> str:
        """What the service would refuse anyway, said before it is asked."""
        agents = self._control.parts.agents
        if kind == "dependency":
            away = next((id_ for id_ in members if agents.live(id_) is None), None)
            return f"{self._name_of(away)} does not run here: nobody knows when it is done." if away is not None else ""
        first = self._directory.get(members[0])
        if kind == "control" and first is not None and first.guest:
            return f"{first.name} is a guest, and cannot direct agents of this house. Turn it round."
        return ""

    # Looking at one.

    @property
    def selected(self) -> Entanglement | None:
        id_ = self._canvas.hand.link
        return self._directory.entanglement(id_) if id_ is not None else None

    def select(self, link_id: str | None) -> None:
        if link_id == self._canvas.hand.link:
            return
        self._canvas.show_hand(replace(self._canvas.hand, link=link_id))
        if link_id is None:
            self._rate.stop()
        else:
            self._rate.start()
        self.changed.emit()

    def prune(self) -> None:
        if self._canvas.hand.link is not None and self.selected is None:
            self.select(None)
        source = self._canvas.hand.source
        if source is not None and self._directory.get(source) is None:
            self._canvas.end_aim()

    def words(self) -> str:
        """Of the selected link: its name, its kind, its direction, what passed over it."""
        link = self.selected
        if link is None:
            return ""
        arrow = " ↔ " if link.kind == "data" else " → "
        names = [self._name_of(id_) for id_ in link.agents]
        who = (
            arrow.join((names[0], names[1] if len(names) == 2 else f"{len(names) - 1} agents")) if len(names) > 1 else names[0]
        )
        return " · ".join(part for part in (link.name, link.kind or "kind not told", who, self._traffic(link)) if part)

    def actions(self) -> list[BarAction]:
        link = self.selected
        if link is None or not link.made_here:
            return []
        return [BarAction("Release", lambda: self._undo.release(link.id), "link-off")]

    def aim_words(self) -> str:
        hand = self._canvas.hand
        if not self._canvas.aiming or hand.source is None:
            return ""
        if hand.aim is None:
            return f"A link from {self._name_of(hand.source)}: tap an agent, or choose it with the arrows"
        return f"{self._name_of(hand.source)} → {self._name_of(hand.aim)}: Enter links them"

    def go_on(self) -> None:
        """The next link of the selected agent, or of the one whose link is selected."""
        scene = self._canvas.scene_map
        shown = self.selected
        about = scene.selected or (shown.agents[0] if shown is not None else None)
        links = [link.id for link in self._directory.entanglements_of(about)] if about is not None else []
        if links:
            at = links.index(shown.id) + 1 if shown is not None and shown.id in links else 0
            self.select(links[at % len(links)])

    def release(self) -> None:
        """The selected one."""
        if self._canvas.hand.link is not None:
            self._undo.release(self._canvas.hand.link)

    def _traffic(self, link: Entanglement) -> str:
        """As it was measured since the program was started."""
        if not link.made_here:
            return "made by another program"
        if self._rate_of is None:
            return ""
        rate = self._rate_of(link.id)
        return f"{rate.per_minute} in the last minute, {rate.total} since the start" if rate.total else "nothing has passed yet"
