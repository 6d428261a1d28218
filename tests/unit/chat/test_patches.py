"""Patches as people and models write them, applied to real files by the real git, and taken back."""

from __future__ import annotations

import difflib
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainbot_desktop.chat.code_blocks import whole_file
from chainbot_desktop.chat.patch_fitting import difference, fit
from chainbot_desktop.chat.patch_preview import PatchPreview
from chainbot_desktop.chat.patches import FilePatch, looks_like_patch, parse_patch
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import FilesChanged
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.workspace.change_steps import PlaceRefused
from chainbot_desktop.workspace.reading import Stamp
from chainbot_desktop.workspace.writing import save_bytes
from tests.helpers.workspaces import ME, Files, open_files

TEN = "".join(f"line {number}\n" for number in range(1, 11))


def diff(before: str, after: str, old: str = "a/file", new: str = "b/file") -> str:
    """As `diff -u` writes it: lines end with LF alone, and a last one without an end says so."""
    rows = difflib.unified_diff(_rows(before), _rows(after), old, new, lineterm="")
    return "".join(f"{row}\n" for row in rows)


def _rows(text: str) -> list[str]:
    *whole, rest = text.split("\n")
    return [*whole, f"{rest}\n\\ No newline at end of file"] if rest else whole


async def preview(files: Files, text: str, language: str = "diff", source: str = "") -> PatchPreview:
    return await files.actions.preview(language, text, source)


async def problem(files: Files, text: str) -> str:
    before = files.tree()
    found = await preview(files, text)
    assert not found.applies
    with pytest.raises(Conflict):
        await files.actions.apply(found, actor=ME)
    assert files.tree() == before
    [file] = [file for file in found.files if not file.applies][:1]
    return file.problem or next(hunk.problem for hunk in file.hunks if hunk.problem)


texts = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=6), max_size=14)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts, texts, st.booleans(), st.booleans())
def test_the_difference_of_two_texts_makes_one_of_the_other(one: list[str], other: list[str], end: bool, end_too: bool) -> None:
    before, after = "\n".join(one) + "\n" * end, "\n".join(other) + "\n" * end_too
    text = diff(before, after)
    if before == after:
        assert text == ""
        return
    [patch] = parse_patch(text)
    found = fit(before.encode(), patch.hunks)
    assert found.fits
    assert found.text == after.encode()
    if before and after:
        crlf = fit(before.replace("\n", "\r\n").encode(), patch.hunks)
        assert not end or crlf.text == after.replace("\n", "\r\n").encode()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["a", "b.txt", "d/e", "d/f/g"]), st.tuples(texts, texts), min_size=1))
async def test_applying_several_files_and_taking_it_back_restores_every_byte(
    contents: dict[str, tuple[list[str], list[str]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_files(Path(folder)) as files:
            (files.root / "kept").mkdir()
            parts, wanted = [], {}
            for name, (one, other) in contents.items():
                before, after = "\n".join(one), "\n".join(other)
                if before:
                    (files.root / name).parent.mkdir(parents=True, exist_ok=True)
                    (files.root / name).write_text(before, newline="")
                if before != after:
                    wanted[name] = after
                    parts.append(
                        diff(before, after, f"a/{name}" if before else "/dev/null", f"b/{name}" if after else "/dev/null")
                    )
            if not parts:
                return
            tree = files.tree()
            found = await preview(files, "".join(parts))
            assert found.applies, found
            undoable = await files.actions.apply(found, actor=ME)
            for name, after in wanted.items():
                path = files.root / name
                assert path.read_bytes() == after.encode() if after else not path.exists()
            await undoable.undo()
            assert files.tree() == tree


async def test_a_patch_of_git_over_several_files(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "src").mkdir()
        (files.root / "src" / "main.py").write_text("import os\n\nprint('hi')\n")
        (files.root / "old name.txt").write_text("one\ntwo\nthree\n")
        (files.root / "gone.txt").write_text("bye\n")
        (files.root / "run.sh").write_text("echo\n")
        (files.root / "run.sh").chmod(0o750)
        tree = files.tree()
        text = """\
Here is what I changed:

diff --git a/src/main.py b/src/main.py
index 123..456 100644
--- a/src/main.py
+++ b/src/main.py
@@ -1,3 +1,3 @@ def x
 import os

-print('hi')
+print('hello')
diff --git a/old name.txt b/new name.txt
similarity index 60%
rename from old name.txt
rename to new name.txt
--- a/old name.txt
+++ b/new name.txt
@@ -1,3 +1,3 @@
 one
-two
+2
 three
diff --git a/run.sh b/tools/go.sh
similarity index 100%
rename from run.sh
rename to tools/go.sh
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-bye
diff --git "a/caf\\303\\251.txt" "b/caf\\303\\251.txt"
new file mode 100755
--- /dev/null
+++ "b/caf\\303\\251.txt"
@@ -0,0 +1,2 @@
+un
+deux
\\ No newline at end of file
"""
        found = await preview(files, text)
        assert [(file.path, file.action, file.added, file.removed) for file in found.files] == [
            ("src/main.py", "change", 1, 1),
            ("new name.txt", "rename", 1, 1),
            ("tools/go.sh", "rename", 0, 0),
            ("gone.txt", "delete", 0, 1),
            ("café.txt", "create", 2, 0),
        ]
        undoable = await files.actions.apply(found, actor=ME)
        assert (files.root / "src/main.py").read_text() == "import os\n\nprint('hello')\n"
        assert (files.root / "new name.txt").read_text() == "one\n2\nthree\n"
        assert stat.S_IMODE((files.root / "tools/go.sh").stat().st_mode) == 0o750
        assert not (files.root / "gone.txt").exists()
        assert (files.root / "café.txt").read_bytes() == b"un\ndeux"
        assert os.access(files.root / "café.txt", os.X_OK)
        [recorded] = await files.store.journal.read(EventQuery(types=("files_changed",)))
        assert isinstance(recorded.event, FilesChanged)
        kept = {file.path: file for file in recorded.event.data.files}
        assert await files.store.blobs.get(kept["gone.txt"].before) == b"bye\n"
        assert kept["gone.txt"].after == ""
        await undoable.undo()
        assert files.tree() == tree
        _, back = await files.store.journal.read(EventQuery(types=("files_changed",)))
        assert isinstance(back.event, FilesChanged)
        assert back.event.data.takes_back == recorded.event.id
        with pytest.raises(NotFound):
            await undoable.undo()


@pytest.mark.parametrize(
    "text",
    [
        "--- file\n+++ file\n@@ -4,3 +4,3 @@\n line 4\n-line 5\n+LINE 5\n line 6\n",
        "--- a/file\t2020-01-01 10:00\n+++ b/file\t2020-01-01 10:01\n@@ -4,3 +4,3 @@\n line 4\n-line 5\n+LINE 5\n line 6\n",
        "--- a/file\n+++ b/file\n@@ ... @@\n line 4\n-line 5\n+LINE 5\n line 6\n",
        "--- a/file\n+++ b/file\n@@\n line 4\n-line 5\n+LINE 5\n line 6\n\n\n",
        "--- a/file\n+++ b/file\n@@ -1,99 +1,98 @@\n line 4\n-line 5\n+LINE 5\n line 6\n",
        "--- a/file\n+++ b/file\n@@ -8,3 +8,3 @@\n line 4\n-line 5\n+LINE 5\n line 6\n",
        "--- a/file\n+++ b/file\n@@ -5 +5 @@\n-line 5\n+LINE 5\n",
        "--- a/file\n+++ b/file\n@@ -4,2 +4,2 @@\n line 4\n-line 5\n+LINE 5\n",
        "--- a/file\r\n+++ b/file\r\n@@ -4,3 +4,3 @@\r\n line 4\r\n-line 5\r\n+LINE 5\r\n line 6\r\n",
        "diff --git a/file b/file\n--- a/file\n+++ b/file\n@@ -4,3 +4,3 @@\n line 4\n-line   5\n+LINE 5\n line 6",
    ],
    ids=["plain", "times", "dots", "no numbers", "wrong counts", "moved", "bare", "no end", "crlf", "other spaces"],
)
async def test_a_patch_is_read_with_patience(tmp_path: Path, text: str) -> None:
    assert looks_like_patch("", text)
    async with open_files(tmp_path) as files:
        (files.root / "file").write_text(TEN)
        found = await preview(files, text)
        assert found.applies, found
        await files.actions.apply(found, actor=ME)
        assert (files.root / "file").read_text() == TEN.replace("line 5", "LINE 5")


async def test_what_fits_loosely_says_so(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "file").write_text(TEN)
        found = await preview(files, "--- a/file\n+++ b/file\n@@ -3,4 +3,5 @@\n other\n line 4\n+new\n line 5\n else\n")
        assert found.applies
        assert found.files[0].hunks[0].note == "with a part of its context only"
        exact = await preview(files, "--- a/file\n+++ b/file\n@@ -8,3 +8,3 @@\n line 4\n-line 5\n+x\n line 6\n")
        assert (exact.files[0].hunks[0].line, exact.files[0].hunks[0].note) == (4, "")


async def test_hunks_that_do_not_fit_are_named_with_why_and_nothing_is_written(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "file").write_text(TEN)
        (files.root / "fine").write_text(TEN)
        good = diff(TEN, TEN.replace("line 5", "x"), "a/fine", "b/fine")
        text = "--- a/file\n+++ b/file\n@@ -1,2 +1,2 @@\n-line 1\n+x\n line 2\n@@ -8,3 +8,3 @@\n line 8\n-line nine\n+x\n line 10\n"
        found = await preview(files, good + text)
        assert [file.applies for file in found.files] == [True, False]
        assert [hunk.problem for hunk in found.files[1].hunks] == ["", "The file has no line “line nine”."]
        assert found.summary == "2 files, 3 lines more, 3 fewer. 1 does not fit: nothing can be applied."
        with pytest.raises(Conflict):
            await files.actions.apply(found, actor=ME)
        assert (files.root / "fine").read_text() == TEN


async def test_where_a_hunk_belongs_is_not_guessed(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "file").write_text("a\nb\n" * 3)
        text = await problem(files, "--- a/file\n+++ b/file\n@@ @@\n a\n-b\n+c\n")
        assert text == "It names no line, and what it changes is there 3 times."
        assert "shows none around" in await problem(files, "--- a/file\n+++ b/file\n@@ -3,0 +4 @@\n+c\n")
        swapped = "--- a/file\n+++ b/file\n@@ -1,2 +1,2 @@\n-b\n-b\n+c\n+c\n"
        assert "not one after the other" in await problem(files, swapped)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("../outside", "leads out of the workspace"),
        ("src/../../outside", "leads out of the workspace"),
        ("/etc/passwd", "leads out of the workspace"),
        (".git/hooks/pre-commit", "belongs to git"),
        ("sub/.GIT/config", "belongs to git"),
        (".env", "is private"),
        ("link/file", "symbolic link"),
        ("linked", "symbolic link"),
        ("folder", "is a folder"),
        ("binary", "is not text"),
        ("file/below", "would lie in a file"),
        ("pipe", "is a pipe"),
        ("bad\x1bname", "is no path"),
    ],
)
async def test_hostile_places_are_refused(tmp_path: Path, path: str, says: str) -> None:
    async with open_files(tmp_path) as files:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "file").write_text(TEN)
        (files.root / "link").symlink_to(tmp_path / "elsewhere")
        (files.root / "linked").symlink_to(tmp_path / "elsewhere" / "file")
        (files.root / "folder").mkdir()
        (files.root / "file").write_text(TEN)
        (files.root / "binary").write_bytes(b"\0\1\2" * 50)
        os.mkfifo(files.root / "pipe")
        text = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+evil\n"
        assert says in await problem(files, text)
        assert (tmp_path / "elsewhere" / "file").read_text() == TEN
        assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n", "symbolic link"),
        ("diff --git a/i.png b/i.png\nindex 1..2 100644\nBinary files a/i.png and b/i.png differ\n", "no text"),
        ("diff --git a/i b/i\nGIT binary patch\nliteral 3\nKcmZ\n", "no text"),
        ("diff --git a/file b/copy\ncopy from file\ncopy to copy\n", "copies a file"),
        ("--- a/none\n+++ b/none\n@@ -1 +1 @@\n-a\n+b\n", "There is no file none in the workspace."),
        ("--- /dev/null\n+++ b/file\n@@ -0,0 +1 @@\n+a\n", "There is a file file already."),
        ("diff --git a/file b/other\nrename from file\nrename to other\n", "There is a file other already."),
        ("diff --git a/file b/file\ndeleted file mode 100644\n", "without showing what is in it"),
        ("--- a/file\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-line 1\n-line 2\n", "holds more than this takes away"),
        ("diff --git a/file b/file\nindex 1..2\n", "says nothing that would change"),
    ],
)
async def test_what_is_not_done_says_why(tmp_path: Path, text: str, says: str) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "file").write_text(TEN)
        (files.root / "other").write_text(TEN)
        assert says in await problem(files, text)


@pytest.mark.parametrize("text", ["", "hello", "--- a\n+++ b\n", "@@ -1 +1 @@\n-a\n+b\n", "diff --git\n"])
def test_no_patch_says_how_one_looks(text: str) -> None:
    if parsed := _parsed(text):
        assert all(not patch.hunks for patch in parsed)


def _parsed(text: str) -> list[FilePatch]:
    try:
        return list(parse_patch(text))
    except InvalidInput as error:
        assert "no file" in error.message
        return []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["--- a/x", "+++ b/x", "@@ -1,2 +1 @@", "@@", "-a", "+b", " c", "", "\\ No", "diff --git a/x b/y", "x"])
    )
)
def test_anything_can_be_read(lines: list[str]) -> None:
    """Whatever stands there: patches whose hunks are made of lines of the text, or an error with words."""
    try:
        patches = parse_patch("\n".join(lines))
    except InvalidInput:
        return
    assert all(line in {*lines, " "} for patch in patches for hunk in patch.hunks for line in hunk.lines)


async def test_line_ends_and_encodings_stay(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "dos.txt").write_bytes(TEN.replace("\n", "\r\n").encode())
        (files.root / "old.txt").write_bytes("Grüße\nund Küsse\n".encode("latin-1"))
        (files.root / "wide.txt").write_bytes("\ufeffGrüße\nund\n".encode("utf-16-le"))
        text = diff(TEN, TEN.replace("line 5", "x\ny"), "a/dos.txt", "b/dos.txt")
        for name in ("old.txt", "wide.txt"):
            text += (
                f"--- a/{name}\n+++ b/{name}\n@@ -1,2 +1,2 @@\n-Grüße\n+Größe\n {'und Küsse' if name == 'old.txt' else 'und'}\n"
            )
        tree = files.tree()
        undoable = await files.actions.apply(await preview(files, text), actor=ME)
        assert (files.root / "dos.txt").read_bytes() == TEN.replace("line 5", "x\ny").replace("\n", "\r\n").encode()
        assert (files.root / "old.txt").read_bytes() == "Größe\nund Küsse\n".encode("latin-1")
        assert (files.root / "wide.txt").read_bytes() == "\ufeffGröße\nund\n".encode("utf-16-le")
        await undoable.undo()
        assert files.tree() == tree
        hard = "--- a/old.txt\n+++ b/old.txt\n@@ -1,2 +1,2 @@\n-Grüße\n+5 €\n und Küsse\n"
        with pytest.raises(InvalidInput, match="€"):
            await files.actions.apply(await preview(files, hard), actor=ME)
        assert files.tree() == tree


async def test_a_file_that_changed_since_is_neither_written_nor_taken_back(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        for name in ("one", "two"):
            (files.root / name).write_text(TEN)
        text = "".join(diff(TEN, TEN.replace("line 5", "x"), f"a/{name}", f"b/{name}") for name in ("one", "two"))
        found = await preview(files, text)
        (files.root / "two").write_text("somebody else's")
        with pytest.raises(Conflict, match="two was changed by somebody else"):
            await files.actions.apply(found, actor=ME)
        assert (files.root / "one").read_text() == TEN
        (files.root / "two").write_text(TEN)
        undoable = await files.actions.apply(await preview(files, text), actor=ME)
        (files.root / "one").write_text("mine now")
        with pytest.raises(Conflict, match="one was changed"):
            await undoable.undo()
        assert (files.root / "one").read_text() == "mine now"
        assert "x\n" in (files.root / "two").read_text()


async def test_what_is_open_and_not_saved_is_refused(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "file").write_text(TEN)
        text = diff(TEN, TEN.replace("line 5", "x"))
        found = await preview(files, text)
        files.unsaved.append(files.root / "file")
        with pytest.raises(Conflict, match="open in Code Agent"):
            await files.actions.apply(found, actor=ME)
        assert "open in Code Agent" in await problem(files, text)


async def test_all_or_nothing_where_the_disk_refuses_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "one").write_text(TEN)
        (files.root / "three").write_text(TEN)
        text = diff(TEN, TEN.replace("line 5", "x"), "a/one", "b/one")
        text += diff("", TEN, "/dev/null", "b/new/two") + diff(TEN, TEN.replace("line 5", "x"), "a/three", "b/three")
        tree = files.tree()

        def full(path: Path, body: bytes, *, expected: Stamp | None, overwrite: bool = False) -> Stamp:
            if path.name == "three" and body != TEN.encode():
                raise OSError(28, "No space left on device")
            return save_bytes(path, body, expected=expected, overwrite=overwrite)

        monkeypatch.setattr("chainbot_desktop.workspace.change_steps.save_bytes", full)
        with pytest.raises(Exception, match="The disk is full"):
            await files.actions.apply(await preview(files, text), actor=ME)
        assert files.tree() == tree
        assert await files.store.journal.read(EventQuery(types=("files_changed",))) == []


async def test_a_link_that_comes_between_is_not_followed(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "src").mkdir()
        (files.root / "src" / "file").write_text(TEN)
        (tmp_path / "away").mkdir()
        (tmp_path / "away" / "file").write_text(TEN)
        found = await preview(files, diff(TEN, TEN.replace("line 5", "x"), "a/src/file", "b/src/file"))
        (files.root / "src").rename(files.root / "aside")
        (files.root / "src").symlink_to(tmp_path / "away")
        with pytest.raises(PlaceRefused):
            await files.actions.apply(found, actor=ME)
        assert (tmp_path / "away" / "file").read_text() == TEN


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("```python src/x.py\nprint(1)\n```", "src/x.py"),
        ("```python:src/x.py\nprint(1)\n```", "src/x.py"),
        ('```python title="src/my file.py"\nprint(1)\n```', "src/my file.py"),
        ("```py filename=x.py\nprint(1)\n```", "x.py"),
        ("text\n\n- a list:\n\n  ```python ./x.py\n  print(1)\n  ```", "x.py"),
        ("```js\nprint(2)\n```\n~~~~python a/b.py\nprint(1)\n~~~~", "a/b.py"),
        ("```python ../x.py\nprint(1)\n```", "../x.py"),
        ("```python\nprint(1)\n```", ""),
        ("```python example\nprint(1)\n```", ""),
    ],
)
def test_a_whole_file_is_one_that_names_its_path(source: str, path: str) -> None:
    found = whole_file("python", "print(1)\n", source)
    assert (found.path if found is not None else "") == path


@pytest.mark.parametrize(
    ("first", "path"),
    [
        ("# src/x.py", "src/x.py"),
        ("// web/a.ts", "web/a.ts"),
        ("<!-- index.html -->", "index.html"),
        ("/* File: a.css */", "a.css"),
        ("#!/bin/sh", ""),
        ("# all of it", ""),
        ("# TODO", ""),
    ],
)
def test_a_first_line_may_name_it(first: str, path: str) -> None:
    found = whole_file("", f"{first}\nrest\n", "")
    assert (found.path if found is not None else "") == path
    assert found is None or found.text == "rest\n"


async def test_a_whole_file_is_shown_as_what_changes(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "x.txt").write_bytes(TEN.replace("\n", "\r\n").encode())
        source = f"```text x.txt\n{TEN.replace('line 5', 'five')}```"
        found = await preview(files, TEN.replace("line 5", "five"), "text", source)
        assert [(file.action, file.added, file.removed) for file in found.files] == [("change", 1, 1)]
        await files.actions.apply(found, actor=ME)
        assert (files.root / "x.txt").read_bytes() == TEN.replace("line 5", "five").replace("\n", "\r\n").encode()
        again = await preview(files, TEN.replace("line 5", "five"), "text", source)
        assert again.summary == "The workspace holds all of this already."
        assert not again.applies
        made = await preview(files, "# new/y.py\nx = 1\n", "python")
        undoable = await files.actions.apply(made, actor=ME)
        assert (files.root / "new" / "y.py").read_text() == "x = 1\n"
        await undoable.undo()
        assert not (files.root / "new").exists()


def test_a_large_difference_is_quick() -> None:
    before = "".join(f"{number}\n" for number in range(20_000)).encode()
    after = "".join(f"{number}\n" for number in range(20_000, 0, -1)).encode()
    assert difference(before, after)


async def test_one_file_in_two_parts_of_a_patch(tmp_path: Path) -> None:
    async with open_files(tmp_path) as files:
        (files.root / "file").write_text(TEN)
        middle = TEN.replace("line 5", "x")
        text = diff(TEN, middle) + diff(middle, middle.replace("line 9", "y"))
        await files.actions.apply(await preview(files, text), actor=ME)
        assert (files.root / "file").read_text() == TEN.replace("line 5", "x").replace("line 9", "y")
