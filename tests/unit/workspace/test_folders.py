"""Folders as a person expects to see them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.workspace.folders import list_folder
from chainbot_desktop.workspace.paths import path_from_uri, path_to_uri, readable


def labels(folder: Path, *, hidden: bool = False) -> list[str]:
    return [entry.label for entry in list_folder(folder, hidden=hidden).entries]


def test_folders_first_and_numbers_by_value(tmp_path: Path) -> None:
    for name in ("file10", "file2", "Beta", "alpha", ".hidden"):
        (tmp_path / name).write_text("")
    (tmp_path / "zoo").mkdir()
    assert labels(tmp_path) == ["zoo", "alpha", "Beta", "file2", "file10"]
    assert labels(tmp_path, hidden=True) == ["zoo", ".hidden", "alpha", "Beta", "file2", "file10"]


def test_odd_names_and_broken_links_do_not_stop_it(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).write_text("")
    (tmp_path / "line\nbreak").write_text("")
    (tmp_path / "nowhere").symlink_to("missing")
    (tmp_path / "²").write_text("")
    (tmp_path / "to-folder").symlink_to(tmp_path)
    listing = list_folder(tmp_path)
    assert {entry.label for entry in listing.entries} == {"caf\ufffd", "line\ufffdbreak", "nowhere", "²", "to-folder"}
    assert [entry.label for entry in listing.entries if entry.is_folder] == ["to-folder"]


def test_twenty_thousand_entries(tmp_path: Path) -> None:
    for number in range(20_000):
        os.mknod(tmp_path / f"f{number}")
    listing = list_folder(tmp_path)
    assert len(listing.entries) == 20_000
    assert listing.entries[-1].name == "f19999"


def test_a_folder_that_may_not_be_read_says_so(tmp_path: Path, unprivileged: None) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    with pytest.raises(ChainBotError, match="no permission to list"):
        list_folder(closed)
    closed.chmod(0o700)


@pytest.mark.parametrize("name", ["plain", "with space", "ümläut", os.fsdecode(b"\xff\xfe"), "per%cent", "quo#te?"])
def test_uris_keep_every_byte(name: str) -> None:
    path = Path("/some") / name
    assert path_from_uri(path_to_uri(path)) == path
    readable(path).encode()


def test_another_uri_is_refused() -> None:
    with pytest.raises(ValueError, match="no file URI"):
        path_from_uri("http://host/x")
