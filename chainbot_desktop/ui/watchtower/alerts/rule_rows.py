"""How the rules look in their list, each with its switch. Implements `row_list.Rows`."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.watchtower.alerts.words import SEVERITY_MARKS, UnitOf, rule_sentence
from chainbot_desktop.ui.watchtower.event_texts import relative_time
from chainbot_desktop.ui.watchtower.marks import MarkPainter
from chainbot_desktop.ui.watchtower.two_line_rows import TextCache
from chainbot_desktop.watch.alerts.records import RuleState

SWITCH_WIDTH = 72
"""Unscaled pixels at the right of a row that belong to its switch."""


class RuleRows:
    def __init__(self, unit_of: UnitOf) -> None:
        self.rules: Sequence[RuleState] = ()
        self._unit_of = unit_of
        self._texts = TextCache()
        self._marks = MarkPainter()

    def __len__(self) -> int:
        return len(self.rules)

    def row_height(self, theme: Theme, width: int) -> int:
        return theme.px(60)

    def ground(self, index: int, theme: Theme) -> str | None:
        return "failed" if self.rules[index].error else None

    def spoken(self, index: int) -> str:
        state = self.rules[index]
        on = "on" if state.rule.enabled else "off"
        return f"{state.rule.severity}: {state.rule.title}, {on}, {self.about(state)}"

    def about(self, state: RuleState) -> str:
        """What the second line says."""
        if state.error:
            return " ".join(state.error.split())
        facts = (
            "" if state.origin == "shipped" else state.origin,
            "muted" if state.rule.notify == () else "",
            f"fired {relative_time(state.last_fired_at)}" if state.last_fired_at else "",
            rule_sentence(state.rule, self._unit_of),
        )
        return " · ".join(fact for fact in facts if fact)

    def paint_row(self, painter: QPainter, rect: QRect, index: int, theme: Theme) -> None:
        texts, px, state = self._texts, theme.px, self.rules[index]
        texts.use(theme)
        on, side, left = state.rule.enabled, px(20), px(12)
        upper, lower = rect.top() + px(19), rect.top() + px(41)
        painter.setOpacity(1.0 if on else 0.45)
        painter.drawPixmap(left, upper - side // 2, self._marks.pixmap(SEVERITY_MARKS[state.rule.severity], side, theme))
        painter.setOpacity(1.0)
        left += side + px(10)
        end = rect.right() - px(SWITCH_WIDTH)
        texts.draw(painter, "body", state.rule.title, left, upper, end - left, theme.color("text" if on else "dim"))
        color = theme.color("failed" if state.error else "dim")
        texts.write(painter, "small", self.about(state), left, lower, end - left, color)
        _paint_switch(painter, QPointF(rect.right() - px(SWITCH_WIDTH / 2), rect.center().y()), theme, on=on)


def _paint_switch(painter: QPainter, centre: QPointF, theme: Theme, *, on: bool) -> None:
    """The knob is right and filled when it is on."""
    width, height = theme.px(44), theme.px(26)
    box = QRectF(centre.x() - width / 2, centre.y() - height / 2, width, height)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen if on else theme.color("dim"))
    painter.setBrush(theme.color("accent" if on else "surface2"))
    painter.drawRoundedRect(box, height / 2, height / 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("on_accent" if on else "dim"))
    radius = height / 2 - theme.px(4)
    x = box.right() - height / 2 if on else box.left() + height / 2
    painter.drawEllipse(QPointF(x, centre.y()), radius, radius)
    painter.restore()
