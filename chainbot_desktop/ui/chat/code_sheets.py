"""What is shown before a code block touches the workspace: the patch, file by file, with what does not fit and why."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QShowEvent,
    QSyntaxHighlighter,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QWidget

from chainbot_desktop.agents.tools.shown import plain
from chainbot_desktop.chat.code_actions import CodeActions
from chainbot_desktop.chat.commands import Undoable
from chainbot_desktop.chat.markdown import Code
from chainbot_desktop.chat.patch_fitting import HunkFit
from chainbot_desktop.chat.patch_preview import FilePreview, PatchPreview
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import IconButton
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.sheet import Sheet

_WIDTH = 900
_MOST_SHOWN = 20_000
"""Lines: of more than that nobody reads the rest, and the sheet says so."""
_WORDS = {"create": "new file", "change": "changes", "delete": "is deleted", "rename": "is renamed", "nothing": "is so already"}

Line = tuple[str, str]
"""What kind of line it is (file, fine, hunk, note, problem, added, removed, context), and its text."""


class CodeSheets:
    """`start` runs a coroutine under a name and reports its errors; `undoable` offers the way back of what was done."""

    def __init__(
        self,
        view: QWidget,
        themes: ThemeSource,
        actions: CodeActions,
        *,
        me: Actor,
        start: Callable[[str, Coroutine[Any, Any, None]], object],
        undoable: Callable[[Undoable], None],
    ) -> None:
        self._view = view
        self._themes = themes
        self._actions = actions
        self._me = me
        self._start = start
        self._undoable = undoable

    def may_apply(self, code: Code, source: str) -> bool:
        """`source` is the message that the block stands in, as it was written."""
        return self._actions.can_apply(code.language, code.text, source)

    def may_run(self, code: Code) -> bool:
        return self._actions.can_run(code.language, code.text)

    def apply(self, code: Code, source: str) -> None:
        """Show what it would change, and change it when that is wanted."""
        self._start("chat-preview-patch", self._show(code, source))

    def run(self, code: Code, conversation_id: str) -> None:
        """Ask for approval; nothing runs before that."""
        work = self._actions.run(code.language, code.text, conversation_id=conversation_id, actor=self._me)
        self._start("chat-run-code", work)

    async def _show(self, code: Code, source: str) -> None:
        preview = await self._actions.preview(code.language, code.text, source)
        title = f"Apply to {self._actions.workspace}?" if preview.applies else "This cannot be applied"
        PatchSheet(self._view, self._themes, title, preview, lambda: self._start("chat-apply", self._apply(preview))).open()

    async def _apply(self, preview: PatchPreview) -> None:
        self._undoable(await self._actions.apply(preview, actor=self._me))


class PatchSheet(Sheet):
    """A preview. `apply` is called when the person wants it."""

    def __init__(
        self, origin: QWidget, themes: ThemeSource, title: str, preview: PatchPreview, apply: Callable[[], object]
    ) -> None:
        super().__init__(origin, title, themes, width=_WIDTH)
        self._starts: list[int] = []
        lines: list[Line] = []
        for file in preview.files:
            self._starts.append(len(lines))
            lines += file_lines(file)
        self.text = PatchText(themes)
        self.summary = QLabel(preview.summary)
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout()
        row.addWidget(self.summary, 1)
        self.before = IconButton("chevron-left", "The file before (Ctrl+Page up)", themes)
        self.after = IconButton("chevron-right", "The next file (Ctrl+Page down)", themes)
        for button, step in ((self.before, -1), (self.after, 1)):
            button.clicked.connect(lambda _=False, step=step: self.step(step))
            row.addWidget(button)
        self.body.addLayout(row)
        for button in (self.before, self.after):
            button.setVisible(len(preview.files) > 1)  # not before it has a parent: it would be a window of its own
        self.body.addWidget(self.text)
        self.first = self.text
        self.add_action("Cancel" if preview.applies else "Close", kind="quiet")
        self.apply = self.add_action("Apply", apply, kind="primary")
        self.apply.setEnabled(preview.applies)
        self.apply.setVisible(preview.applies)
        self.text.show_lines(lines)

    def step(self, by: int) -> None:
        """To the beginning of the file before or after the one that is at the top."""
        top = self.text.firstVisibleBlock().blockNumber()
        if by > 0:
            target = next((start for start in self._starts if start > top), self._starts[-1])
        else:
            target = next((start for start in reversed(self._starts) if start < top), 0)
        self.text.go_to(target)

    def place_panel(self) -> None:
        """The text takes the room that is left, and scrolls by itself."""
        theme = self.themes.current
        around = theme.px(8 + 48 + 8 + 8 + 8 + 16 + 8 + 16) + self._actions.sizeHint().height() + self._head_height()
        room = max(theme.px(120), self.height() - around)
        self.text.setFixedHeight(min(room, self.text.wanted_height()))
        super().place_panel()

    def keyPressEvent(self, event: Any) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.step(-1 if event.key() == Qt.Key.Key_PageUp else 1)
        else:
            super().keyPressEvent(event)

    def _head_height(self) -> int:
        width = min(self.width(), self.wanted_width()) - self.themes.current.px(32)
        buttons = self.themes.current.px(48) if not self.before.isHidden() else 0
        return max(buttons, self.summary.heightForWidth(width - 2 * buttons))


class PatchText(QPlainTextEdit):
    """Lines of a patch, coloured by what they are. Only what is seen is laid out."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._kinds: Sequence[str] = ()
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName("What changes, file by file")
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self._colours = _Colours(self, themes.current)
        make_kinetic(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_lines(self, lines: Sequence[Line]) -> None:
        shown = list(lines[:_MOST_SHOWN])
        if len(lines) > len(shown):
            shown.append(("problem", f"{len(lines) - len(shown):,} more lines are not shown."))
        self._kinds = [kind for kind, _ in shown]
        self.setPlainText("\n".join(text for _, text in shown))
        self._colours.rehighlight()

    def kind_of(self, block: QTextBlock) -> str:
        number = block.blockNumber()
        return self._kinds[number] if number < len(self._kinds) else ""

    def go_to(self, line: int) -> None:
        self.verticalScrollBar().setValue(line)
        self.setTextCursor(QTextCursor(self.document().findBlockByNumber(line)))
        self.verticalScrollBar().setValue(line)

    def wanted_height(self) -> int:
        theme = self._themes.current
        return self.blockCount() * QFontMetrics(theme.font("mono")).lineSpacing() + theme.px(36)

    def showEvent(self, event: QShowEvent) -> None:
        """Under a style sheet Qt forgets the font of what is moved into its window."""
        super().showEvent(event)
        self._on_theme_changed(self._themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        font = theme.font("mono")
        font.setFeature(QFont.Tag("calt"), 0)  # no ligatures: each character is seen as what it is
        self.setFont(font)
        self._colours.theme = theme
        self._colours.rehighlight()


class _Colours(QSyntaxHighlighter):
    def __init__(self, text: PatchText, theme: Theme) -> None:
        super().__init__(text.document())
        self.theme = theme
        self._text = text

    def highlightBlock(self, text: str) -> None:
        kind = self._text.kind_of(self.currentBlock())
        look = QTextCharFormat()
        token = {
            "file": "accent",
            "hunk": "working",
            "note": "needs_input",
            "problem": "failed",
            "added": "done",
            "removed": "failed",
        }.get(kind, "text")
        look.setForeground(self.theme.color(token))
        if kind in ("added", "removed"):
            look.setBackground(self.theme.color(f"editor.diff_{kind}"))
        if kind in ("file", "problem"):
            look.setFontWeight(QFont.Weight.DemiBold)
        self.setFormat(0, len(text), look)


def file_lines(file: FilePreview) -> list[Line]:
    """What is shown of one file; nothing in it is invisible."""
    name = file.path if file.action != "rename" else f"{file.old_path} → {file.path}"
    counts = f"  +{file.added} −{file.removed}" if file.hunks else ""
    lines: list[Line] = [("file", f"{plain(name, kept='')}  {_WORDS[file.action]}{counts}")]
    if file.problem:
        lines.append(("problem", f"Cannot be applied: {plain(file.problem, kept='')}"))
    for hunk in file.hunks:
        lines += _hunk_lines(hunk)
    return [*lines, ("context", "")]


def _hunk_lines(fit: HunkFit) -> list[Line]:
    where = f"line {fit.line}" if fit.line else "no line is named"
    lines: list[Line] = [("hunk", f"@@ {where} @@")]
    if fit.problem:
        lines.append(("problem", f"Does not fit: {plain(fit.problem, kept='')}"))
    elif fit.note:
        lines.append(("note", f"Fits {fit.note}: look whether it is at its place."))
    kinds = {"+": "added", "-": "removed"}
    return lines + [(kinds.get(line[:1], "context"), plain(line, kept="\t")) for line in fit.hunk.lines]
