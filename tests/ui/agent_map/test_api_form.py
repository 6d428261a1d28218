"""An API agent as a person makes one: its form, what it says of what cannot be meant, and how it looks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from chainbot_desktop.ui.agent_map.kind_forms import ApiForm
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.agent_map.spawn_sheet import SpawnSheet
from chainbot_desktop.ui.theme import ThemeSource
from tests.ui.acting import act, tap
from tests.ui.agent_map.steering import Steering
from tests.ui.finding import focused

SIZES = {"800x480": (720, 452), "1280x800": (1200, 772)}
GIVEN = {
    "base_url": "https://shop.example.com/v1",
    "auth.secret": "shop-key",
    "headers": "Accept-Language: de\n\nX-Team: red: and blue",
    "secret_headers": "X-Tenant: shop-tenant",
    "openapi": "/openapi.json",
}


def _new(steering: Steering) -> tuple[SpawnSheet, ApiForm]:
    tap(steering.run, steering.view.new_button)
    steering.settle()
    sheet = steering.sheet()
    act(steering.run, lambda: sheet.kind._on_chosen("api"))
    assert isinstance(sheet.form, ApiForm)
    return sheet, sheet.form


def _fill(steering: Steering, form: ApiForm, auth: str = "bearer", **given: str) -> None:
    picker = form.rows["auth"].editor
    assert isinstance(picker, Picker)
    act(steering.run, lambda: picker._on_chosen(auth))
    for field, text in {**GIVEN, **given}.items():
        editor = form.rows[field.replace("__", ".")].editor
        assert isinstance(editor, QLineEdit | QPlainTextEdit)
        act(steering.run, partial(_write, editor, text))


def _write(editor: QLineEdit | QPlainTextEdit, text: str) -> None:
    editor.setText(text) if isinstance(editor, QLineEdit) else editor.setPlainText(text)


def test_an_agent_is_made_and_changed_with_what_was_given(steering: Steering) -> None:
    sheet, form = _new(steering)
    _fill(steering, form, openapi="")
    tap(steering.run, sheet.go)
    steering.wait(lambda: not sheet.is_open)
    [live] = steering.house.service.living()
    row = steering.house.service.definition(live.id)
    assert {name: row.config[name] for name in ("base_url", "auth", "headers", "secret_headers", "allowed_methods")} == {
        "base_url": "https://shop.example.com/v1",
        "auth": {"type": "bearer", "secret": "shop-key"},
        "headers": {"Accept-Language": "de", "X-Team": "red: and blue"},
        "secret_headers": {"X-Tenant": "shop-tenant"},
        "allowed_methods": ["GET", "HEAD"],
    }
    steering.wait(lambda: live.id in steering.view._model.places)
    steering.open_actions(live.id)
    steering.choose("Change model, kind or name…")
    steering.settle()
    changed = steering.sheet().form
    assert isinstance(changed, ApiForm)
    assert changed.config() == row.config, "what was not touched stays as it was"


@pytest.mark.parametrize(
    ("auth", "given", "field", "words"),
    [
        ("none", {"base_url": ""}, "base_url", "Write the address"),
        ("none", {"base_url": "shop.example.com"}, "base_url", "begins with https://"),
        ("none", {"base_url": "https://me:pw@shop.example.com"}, "base_url", "without user"),
        ("bearer", {"auth__secret": ""}, "auth.secret", "Name the secret"),
        ("basic", {"auth__user": ""}, "auth.user", "name of the user"),
        ("header", {"auth__header": "Host"}, "auth.header", "the program sets Host itself"),
        ("none", {"headers": "Accept: a\nnonsense"}, "headers", "Line 2 is no header"),
        ("none", {"headers": "X-A: 1\nx-a: 2"}, "headers", "Line 2: x-a is there twice"),
        ("none", {"headers": "Authorization: Bearer s3cr3t"}, "headers", "name it in secret_headers"),
        ("none", {"headers": "Host: evil"}, "headers", "the program sets Host itself"),
        ("none", {"secret_headers": "X-A:"}, "secret_headers", "Line 1 is no header"),
        ("bearer", {"secret_headers": "Authorization: other"}, "secret_headers", "is set already"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    steering: Steering, auth: str, given: dict[str, str], field: str, words: str
) -> None:
    sheet, form = _new(steering)
    _fill(steering, form, auth, **given)
    tap(steering.run, sheet.go)
    steering.wait(lambda: bool(form.rows[field].error))
    assert words in form.rows[field].error
    assert "s3cr3t" not in form.rows[field].error
    assert [name for name, row in form.rows.items() if row.error] == [field]
    assert focused() is form.rows[field].editor
    steering.settle()
    row = form.rows[field]
    assert row._error.visibleRegion().boundingRect() == row._error.rect(), "the words are in view"
    assert row._error.visibleRegion().boundingRect().height() > 0
    assert not sheet.problem
    assert sheet.is_open
    assert list(steering.house.service.living()) == []


def test_only_what_the_authentication_needs_is_asked_for(steering: Steering) -> None:
    _, form = _new(steering)
    shown = {
        "none": set(),
        "bearer": {"auth.secret"},
        "header": {"auth.header", "auth.secret"},
        "basic": {"auth.user", "auth.secret"},
    }
    for auth, fields in shown.items():
        _fill(steering, form, auth)
        steering.settle()
        assert {name for name, row in form.rows.items() if "." in name and row.isVisible()} == fields


@pytest.mark.screens
@pytest.mark.parametrize("look", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_screens(
    steering: Steering, theme_source: ThemeSource, shoot: Callable[[QWidget, str], Path], look: str, size: str
) -> None:
    theme_source.select(look)  # type: ignore[arg-type]  # one of the two
    steering.view.resize(*SIZES[size])
    sheet, form = _new(steering)

    def shot(what: str) -> None:
        steering.settle()
        shoot(steering.view, f"api-form-{size}-{look}-{what}")

    shot("empty")
    _fill(steering, form, "header")
    shot("top")
    for row in ("auth", "headers", "allowed_methods"):
        act(steering.run, form.rows[row]._come_into_view)
        shot(row)
    _fill(steering, form, "header", headers="Authorization: Bearer 1")
    tap(steering.run, sheet.go)
    steering.wait(lambda: bool(form.rows["headers"].error))
    shot("error")
