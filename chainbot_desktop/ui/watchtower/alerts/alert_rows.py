"""How the active alerts look in the list. Implements `row_list.Rows`."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.watchtower.alerts.lines import AlertLine, GroupLine, Line, alerts_of
from chainbot_desktop.ui.watchtower.alerts.words import (
    SEVERITY_MARKS,
    UnitOf,
    age,
    is_quiet,
    labels_text,
    mark_of,
    needs_somebody,
    number,
    state_words,
)
from chainbot_desktop.ui.watchtower.marks import TOKENS, Mark, MarkPainter
from chainbot_desktop.ui.watchtower.two_line_rows import WIDE, TextCache
from chainbot_desktop.watch.alerts.records import Alert, AlertSeverity

_GROUNDS: dict[AlertSeverity, str] = {"critical": "failed", "warning": "needs_input", "info": "working"}
_FADED = 0.55


class AlertRows:
    """`lines` is what is shown; `selected` are ids of alerts, None while nobody selects. `units` by the name of a rule."""

    def __init__(self, unit_of_rule: UnitOf) -> None:
        self.lines: Sequence[Line] = ()
        self.selected: set[str] | None = None
        self._unit_of_rule = unit_of_rule
        self._texts = TextCache()
        self._marks = MarkPainter()

    def __len__(self) -> int:
        return len(self.lines)

    def row_height(self, theme: Theme, width: int) -> int:
        return theme.px(60)

    def ground(self, index: int, theme: Theme) -> str | None:
        line = self.lines[index]
        calls = line.calling if isinstance(line, GroupLine) else needs_somebody(line.alert)
        return _GROUNDS[alerts_of(line)[0].severity] if calls else None

    def spoken(self, index: int) -> str:
        line = self.lines[index]
        if isinstance(line, GroupLine):
            opened = "open" if line.is_open else "closed"
            return f"{line.severity}: {line.alerts[0].title}, group of {len(line.alerts)} alerts, {opened}"
        alert = line.alert
        chosen = ", selected" if self.selected and alert.id in self.selected else ""
        return f"{alert.severity}: {alert.title}, {state_words(alert)}, since {age(alert)}: {self.about(alert)}{chosen}"

    def about(self, alert: Alert) -> str:
        """What the second line says."""
        return " · ".join(part for part in (self.value(alert), labels_text(alert.labels), alert.summary) if part)

    def value(self, alert: Alert) -> str:
        return "" if alert.value is None else number(alert.value, self._unit_of_rule(alert.rule))

    def asides(self, alert: Alert) -> Sequence[tuple[str, str]]:
        """(words, colour) at the right of the first line, from the right."""
        return (
            (age(alert), "dim"),
            (state_words(alert) if alert.state != "firing" else "", "dim"),
            ("flapping" if alert.flapping else "", TOKENS["warning"]),
        )

    def mark(self, alert: Alert) -> Mark:
        return mark_of(alert)

    def is_faded(self, alert: Alert) -> bool:
        return is_quiet(alert)

    def paint_row(self, painter: QPainter, rect: QRect, index: int, theme: Theme) -> None:
        self._texts.use(theme)
        line = self.lines[index]
        left = theme.px(12)
        if self.selected is not None:
            left = self._paint_box(painter, rect, left, theme, alerts_of(line))
        if isinstance(line, GroupLine):
            self._paint_group(painter, rect, left, line, theme)
        else:
            self._paint_alert(painter, rect, left + (theme.px(24) if line.inside else 0), line, theme)

    def _paint_box(self, painter: QPainter, rect: QRect, left: int, theme: Theme, alerts: Sequence[Alert]) -> int:
        assert self.selected is not None
        chosen = sum(alert.id in self.selected for alert in alerts)
        side = theme.px(24)
        box = QRectF(left, rect.center().y() - side / 2, side, side)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent" if chosen else "dim"), 1.5))
        painter.setBrush(theme.color("accent") if chosen else QColor(0, 0, 0, 0))
        painter.drawRoundedRect(box, theme.px(6), theme.px(6))
        if chosen:
            sign = theme.pixmap("check" if chosen == len(alerts) else "minus", "on_accent", 20)
            painter.drawPixmap(box.adjusted(2, 2, -2, -2).toRect(), sign)
        painter.restore()
        return left + side + theme.px(12)

    def _paint_group(self, painter: QPainter, rect: QRect, left: int, line: GroupLine, theme: Theme) -> None:
        px, texts = theme.px, self._texts
        middle, side = rect.center().y(), px(20)
        painter.drawPixmap(left, middle - side // 2, self._marks.pixmap(SEVERITY_MARKS[line.severity], side, theme))
        left += side + px(10)
        right = rect.right() - px(12) - px(20)
        painter.drawPixmap(right, middle - px(10), theme.pixmap("chevron-up" if line.is_open else "chevron-down", "dim", 20))
        upper, lower = rect.top() + px(19), rect.top() + px(41)
        texts.draw(painter, "strong", line.alerts[0].title, left, upper, right - left - px(8), theme.color("text"))
        said = f"{len(line.alerts)} alerts" + (f", {line.calling} of them call" if line.calling < len(line.alerts) else "")
        texts.draw(painter, "small", said, left, lower, right - left - px(8), theme.color("dim"))

    def _paint_alert(self, painter: QPainter, rect: QRect, left: int, line: AlertLine, theme: Theme) -> None:
        alert, px, side = line.alert, theme.px, theme.px(20)
        quiet = self.is_faded(alert)
        wide = rect.width() >= px(WIDE)
        upper = rect.center().y() if wide else rect.top() + px(19)
        painter.setOpacity(_FADED if quiet else 1.0)
        painter.drawPixmap(left, upper - side // 2, self._marks.pixmap(self.mark(alert), side, theme))
        painter.setOpacity(1.0)
        left += side + px(10)
        right = self._paint_state(painter, rect, alert, theme)
        if wide:
            self._paint_columns(painter, rect, left, right, alert, theme)
            return
        title = theme.color("dim" if quiet else "text")
        self._texts.draw(painter, "body" if quiet else "strong", alert.title, left, upper, right - left - px(12), title)
        self._paint_about(painter, alert, left, rect.top() + px(41), rect.right() - px(14), theme)

    def _paint_state(self, painter: QPainter, rect: QRect, alert: Alert, theme: Theme) -> int:
        """At the right of the first line; where it begins."""
        texts, px = self._texts, theme.px
        middle = rect.center().y() if rect.width() >= px(WIDE) else rect.top() + px(19)
        right = rect.right() - px(14)
        for words, token in self.asides(alert):
            if words:
                width = min(texts.width("small", words), px(230))
                texts.draw(painter, "small", words, right - width, middle, width + 2, theme.color(token))
                right -= width + px(12)
        return right

    def _paint_about(self, painter: QPainter, alert: Alert, left: int, middle: int, end: int, theme: Theme) -> None:
        texts, gap = self._texts, theme.px(10)
        color = theme.color("dim" if self.is_faded(alert) else "text")
        for words, ink in ((self.value(alert), color), (labels_text(alert.labels), theme.color("accent"))):
            if words:
                left += texts.draw(painter, "small", words, left, middle, (end - left) // 2, ink) + gap
        texts.write(painter, "small", " ".join(alert.summary.split()), left, middle, end - left, theme.color("dim"))

    def _paint_columns(self, painter: QPainter, rect: QRect, left: int, right: int, alert: Alert, theme: Theme) -> None:
        texts, px, quiet = self._texts, theme.px, self.is_faded(alert)
        upper, lower, middle = rect.top() + px(19), rect.top() + px(41), rect.center().y()
        column = min(px(460), rect.width() * 36 // 100)
        text = theme.color("dim" if quiet else "text")
        labels = labels_text(alert.labels)
        role_middle = upper if labels else middle
        texts.draw(painter, "body" if quiet else "strong", alert.title, left, role_middle, column, text)
        texts.draw(painter, "small", labels, left, lower, column, theme.color("accent"))
        left += column + px(14)
        texts.draw(painter, "small", self.value(alert), left, middle, px(92), text)
        left += px(106)
        texts.write(painter, "small", " ".join(alert.summary.split()), left, middle, right - left, theme.color("dim"))
