"""The links of one agent, each with a button that releases it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QWidget

from chainbot_desktop.agents.records import Entanglement
from chainbot_desktop.ui.agent_map.form_rows import paragraph
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.sheet import Sheet

_KINDS = {"data": "Shared notebook", "control": "Direction", "dependency": "One waits for the other"}


class ReleaseSheet(Sheet):
    """`release` gets the links that were chosen: one, or all that were made here."""

    def __init__(
        self,
        origin: QWidget,
        themes: ThemeSource,
        name: str,
        links: Sequence[tuple[Entanglement, str]],
        release: Callable[[Sequence[Entanglement]], object],
    ) -> None:
        super().__init__(origin, f"Release {name}", themes, width=560)
        self._release = release
        self.add_text("What was said over a link goes with it.", "small")
        for link, others in links:
            self.body.addWidget(self._row(link, others))
        self.body.addStretch(1)
        ours = [link for link, _ in links if link.made_here]
        self.first = self.add_action("Keep them" if len(links) > 1 else "Keep it")
        if len(ours) > 1:
            self.add_gap()
            self.add_action(f"Release all {len(ours)}", partial(release, ours), kind="danger")

    def _row(self, link: Entanglement, others: str) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self.themes.current.px(8))
        kind = _KINDS.get(link.kind, link.kind)
        words = f"{link.name} · {kind}" if link.name and kind else link.name or kind or "Entangled"
        about = f"{words}\nwith {others}" + ("" if link.made_here else "\nMade by another program: it is released there.")
        layout.addWidget(paragraph("", about), 1)
        if link.made_here:
            button = Button("Release", self.themes)
            button.setAccessibleName(f"Release {words} with {others}")
            button.clicked.connect(lambda: self._release([link]))
            button.clicked.connect(self.dismiss)
            layout.addWidget(button)
        return row
