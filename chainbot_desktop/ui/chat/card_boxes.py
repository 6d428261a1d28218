"""The blocks of a message as boxes in its card: each is laid out when it comes near, and has a guessed height until then."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF

from chainbot_desktop.chat.markdown import Code, Prose
from chainbot_desktop.ui.chat.code_frame import BAR, INSET, BarButton, folds, place_buttons
from chainbot_desktop.ui.chat.message_text import BlockText
from chainbot_desktop.ui.theme import Theme

Span = tuple[float, float]
"""From and to, in the card's pixels: what can be seen of it, or soon will."""


@dataclass(slots=True)
class Box:
    """Where a block stands in its card. `origin` is of its text; a code block's bar lies above that."""

    block: Prose | Code
    frame: QRectF = field(default_factory=QRectF)
    origin: QPointF = field(default_factory=QPointF)
    buttons: list[BarButton] = field(default_factory=list)
    is_open: bool = True
    laid_out_for: int = -1
    """The width that its height is of; -1 while that is a guess."""

    _text: BlockText | None = None
    _appended: str = ""
    _height: int = 0
    _guessed_for: int = -1
    _placed_for: int = -1

    @classmethod
    def of(cls, block: Prose | Code) -> Box:
        return cls(block, is_open=not (isinstance(block, Code) and folds(block)))

    def text(self, theme: Theme) -> BlockText:
        """Its document, made where there is none yet."""
        if self._text is None:
            self._text = BlockText(self.block, theme)
            if self._appended:
                self._text.append(self._appended)
        return self._text

    @property
    def ready(self) -> BlockText | None:
        """Its document, if it has one."""
        return self._text

    @property
    def code(self) -> Code | None:
        return self.block if isinstance(self.block, Code) else None

    def place(self, left: int, y: int, width: int, theme: Theme, near: Span | None) -> int:
        """Put it at `y`; where it ends. Measured if it is `near` (None: in any case) or was measured for this width before."""
        if self.laid_out_for != width and (near is None or (y < near[1] and y + self._guess(width, theme) > near[0])):
            self.laid_out_for = width
            self._height = self._measure(width, theme)
        height = self._height if self.laid_out_for == width else self._guess(width, theme)
        frame = QRectF(left, y, width, height)
        if frame == self.frame and self.laid_out_for == self._placed_for:
            return y + height  # of a long answer that grows, all blocks but the last
        self.frame, self._placed_for = frame, self.laid_out_for
        self.origin = QPointF(left, y)
        if self.code is not None:
            bar, pad = theme.px(BAR), theme.px(INSET)
            self.origin = QPointF(left + pad, y + bar + pad)
            place = QRectF(left, y, width, bar)
            self.buttons = place_buttons(self.code, place, theme, may_fold=folds(self.code))
        return y + height

    def wants(self, near: Span | None, width: int) -> bool:
        """Whether it is in sight and was not measured."""
        return self.laid_out_for != width and (near is None or (self.frame.top() < near[1] and self.frame.bottom() > near[0]))

    def show(self, block: Prose | Code) -> None:
        """Another block in its place, or the same without what was appended; a code block that grew keeps its document."""
        if self.block == block:
            if self._text is not None:
                self._text.cut_back()
        elif self._text is None or not isinstance(block, Code) or not self._text.grow(block):
            self._text = None
        if isinstance(block, Code) and folds(block) and not (self.code is not None and folds(self.code)):
            self.is_open = False
        elif not isinstance(block, Code):
            self.is_open = True
        self.block, self._appended = block, ""
        self.laid_out_for = self._guessed_for = self._placed_for = -1
        self.buttons = []

    def append(self, text: str) -> None:
        """More at the end as plain text, until the block is shown anew."""
        self._appended += text
        self.laid_out_for = -1
        if self._text is not None:
            self._text.append(text)

    def forget(self) -> None:
        """Give back the memory of the document; a measured height stays good."""
        self._text = None

    def _measure(self, width: int, theme: Theme) -> int:
        if self.code is None:
            return self.text(theme).lay_out(width)
        if not self.is_open:
            return theme.px(BAR)
        pad = theme.px(INSET)
        return theme.px(BAR) + 2 * pad + self.text(theme).lay_out(width - 2 * pad)

    def _guess(self, width: int, theme: Theme) -> int:
        if self._guessed_for != width:
            self._guessed_for = width
            self._height = self._guessed(width, theme)
        return self._height

    def _guessed(self, width: int, theme: Theme) -> int:
        per_line = max(10, width // theme.px(8))
        if self.code is not None:
            lines = self.code.text.count("\n") + 1 + len(self.code.text) // (per_line * 8)
            return theme.px(BAR) + (2 * theme.px(INSET) + lines * theme.px(18) if self.is_open else 0)
        html = self.block.html
        breaks = sum(html.count(tag) for tag in ("<p", "<li", "<tr", "<br", "<h"))
        return max(1, breaks + len(html) // (per_line * 2)) * theme.px(22)
