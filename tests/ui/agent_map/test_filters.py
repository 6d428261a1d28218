"""Who stands out: chips, kinds, search and strip together, with a finger, a mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from tests.helpers.agent_events import entangled, spawned
from tests.ui.acting import tap
from tests.ui.agent_map.conftest import Stage

AGENTS = (
    spawned("a", agent_name="Tests", agent_type="command", status="failed"),
    spawned("b", agent_name="Build", agent_type="command", status="running"),
    spawned("c", agent_name="Coder", agent_type="assistant", status="failed"),
    spawned("d", agent_name="Docs", agent_type="assistant", status="idle"),
)


@pytest.fixture
def house(stage: Stage) -> Stage:
    stage.happen(*AGENTS, entangled("e", "a", "b"))
    return stage


@pytest.fixture
def dressed(qapp: QApplication, theme_source: ThemeSource) -> Iterator[None]:
    """Sizes are those of the program's style."""
    theme_source.apply_to(qapp)
    yield
    qapp.setStyleSheet("")


def standing_out(stage: Stage) -> str:
    """The ids of those that are not faint."""
    model = stage.view._model
    return "".join(sorted(id_ for id_ in model.agents if model.stands_out(id_)))


def press(stage: Stage, widget: QWidget) -> None:
    tap(stage.run, widget)


def choose_kind(stage: Stage, kind: str) -> None:
    press(stage, stage.view.filters.kind_chip)
    menu = next(menu for menu in stage.view.findChildren(MenuSheet) if menu.is_open)
    press(stage, next(row for row in menu.rows if row.text() == kind))


def strip(stage: Stage) -> str:
    """What the strip says; "" where it is not seen."""
    shown = stage.view.filtering.strip
    return shown.said if shown.isVisible() else ""


def painted(stage: Stage, agent_id: str) -> bool:
    """Whether anything but bare ground is where its card would be."""
    image = stage.view.canvas.viewport().grab().toImage()
    at = stage.pixel(agent_id)
    return len({image.pixelColor(at + QPoint(x, y)).name() for x in range(-40, 40, 2) for y in range(-20, 20)}) > 2


def test_several_states_and_a_kind_work_together(house: Stage) -> None:
    view = house.view
    assert strip(house) == ""
    press(house, view.filters.chip(AgentState.FAILED))
    assert (standing_out(house), strip(house)) == ("ac", "Showing 2 of 4: failed")
    press(house, view.filters.chip(AgentState.IDLE))
    assert (standing_out(house), strip(house)) == ("acd", "Showing 3 of 4: failed, idle")
    choose_kind(house, "assistant")
    assert (standing_out(house), strip(house)) == ("cd", "Showing 2 of 4: failed, idle, assistant")
    assert view.filters.kind_chip.isChecked()
    assert not view.filters.chip(None).isChecked()
    press(house, view.filters.chip(AgentState.IDLE))
    assert (standing_out(house), strip(house)) == ("c", "Showing 1 of 4: failed, assistant")
    press(house, view.filters.chip(None))
    assert (standing_out(house), strip(house)) == ("abcd", "")
    assert not view.filters.kind_chip.isChecked()


def test_the_kinds_are_counted_and_the_chosen_one_is_marked(house: Stage, dressed: None) -> None:
    house.happen(spawned("x", agent_type="command"))
    press(house, house.view.filters.kind_chip)
    menu = next(menu for menu in house.view.findChildren(MenuSheet) if menu.is_open)
    assert [(row.text(), row._keys) for row in menu.rows] == [("All kinds", ""), ("command", "3"), ("assistant", "2")]  # type: ignore[attr-defined]
    assert all(row.height() >= 56 for row in menu.rows)
    press(house, menu.rows[1])
    assert house.view.filters.kind_chip.accessibleName() == "Kind: command"
    choose_kind(house, "All kinds")
    assert standing_out(house) == "abcdx"


def test_one_kind_needs_no_chip(stage: Stage) -> None:
    stage.happen(spawned("a", agent_type="command"))
    assert not stage.view.filters.kind_chip.isVisible()
    stage.happen(spawned("b", agent_type="assistant"))
    assert stage.view.filters.kind_chip.isVisible()


def test_the_search_narrows_what_the_chips_let_through(house: Stage) -> None:
    field = house.view.search.field
    press(house, house.view.filters.chip(AgentState.FAILED))
    house.act(house.view.search.open_search, lambda: QTest.keyClicks(field, "tests"))
    house.act(lambda: QTest.keyClick(field, Qt.Key.Key_Return))
    assert (standing_out(house), strip(house)) == ("a", "Showing 1 of 4: failed, “tests”")
    assert house.view._scene.hits == {"a"}
    house.act(lambda: QTest.keyClick(field, Qt.Key.Key_Escape))
    assert (standing_out(house), strip(house)) == ("ac", "Showing 2 of 4: failed")


def test_what_happens_is_filtered_and_told_at_once(house: Stage) -> None:
    press(house, house.view.filters.chip(AgentState.FAILED))
    house.happen(spawned("b", agent_name="Build", agent_type="command", status="failed"))
    assert (standing_out(house), strip(house)) == ("abc", "Showing 3 of 4: failed")
    for id_ in "abc":
        house.happen(spawned(id_, agent_type="command", status="idle"))
    # Nobody is in that state any more: its chip stays, so that it can be turned off.
    assert strip(house) == "Showing 0 of 4: failed"
    assert house.view.filters.chip(AgentState.FAILED).isVisible()


def test_escape_first_ends_the_selection_then_the_filter(house: Stage) -> None:
    press(house, house.view.filters.chip(AgentState.FAILED))
    house.act(lambda: house.view.select("a"))
    house.key(Qt.Key.Key_Escape)
    assert (house.selection(), standing_out(house)) == (None, "ac")
    house.key(Qt.Key.Key_Escape)
    assert (standing_out(house), strip(house)) == ("abcd", "")


def test_the_strip_clears_everything(house: Stage) -> None:
    press(house, house.view.filters.chip(AgentState.FAILED))
    choose_kind(house, "command")
    house.act(house.view.search.open_search, lambda: QTest.keyClicks(house.view.search.field, "te"))
    house.wait(lambda: "te" in house.view._model.filter.words)
    press(house, house.view.filtering.strip.clear_button)
    assert (standing_out(house), strip(house), house.view.search.field.text()) == ("abcd", "", "")


def test_hidden_ones_are_not_drawn_not_hit_and_not_reached(house: Stage) -> None:
    house.view.canvas.full_size()
    everything = house.view._scene.ground()
    press(house, house.view.filters.chip(AgentState.IDLE))
    assert painted(house, "b")
    press(house, house.view.filtering.strip.hide_chip)
    assert painted(house, "d")
    assert not painted(house, "b")
    house.click(house.pixel("b"))
    assert house.selection() is None
    house.key(Qt.Key.Key_Left)
    assert house.selection() == "d"
    assert everything.contains(house.view._scene.ground())
    assert everything != house.view._scene.ground()
    # Who is chosen by name is shown all the same.
    house.act(lambda: house.view.present({"agent_id": "b"}))
    assert house.view.canvas.node_under(Point(*house.pixel("b").toTuple())) == "b"
    house.act(lambda: house.view.select(None))
    assert house.view.canvas.node_under(Point(*house.pixel("b").toTuple())) is None
    # And who comes to stand out comes back.
    house.happen(spawned("b", agent_name="Build", agent_type="command", status="idle"))
    house.click(house.pixel("b"))
    assert house.selection() == "b"


def test_links_of_hidden_ones_are_not_drawn(house: Stage, theme_source: ThemeSource) -> None:
    canvas = house.view.canvas
    canvas.fit()

    def drawn() -> bool:
        middle = (house.pixel("a") + house.pixel("b")) / 2
        image = canvas.viewport().grab().toImage()
        grounds = {theme_source.current.color("ground").name()}
        return bool({image.pixelColor(middle + QPoint(dx, dy)).name() for dx in (-2, 0, 2) for dy in range(-30, 30)} - grounds)

    assert drawn()
    house.act(lambda: house.view.filters.choose(AgentState.IDLE), lambda: house.view.filtering.hide_others(True))
    canvas.set_camera(canvas.view_ground().center(), 0.4)  # too far for the dots of the ground
    assert not drawn()


def test_all_is_still_shown_beside_the_strip(stage: Stage) -> None:
    stage.happen(*(spawned(f"a{n}", agent_type="command", status="failed") for n in range(60)))
    assert stage.view.canvas.shows_all()
    high = stage.view.canvas.height()
    press(stage, stage.view.filters.chip(AgentState.FAILED))
    stage.wait(lambda: stage.view.canvas.height() < high and stage.view.canvas.shows_all())
    assert not stage.view.minimap.isVisible()


def test_the_palette_has_every_state_and_kind(house: Stage) -> None:
    commands = {command.label: command.run for command in house.view.commands()}
    house.act(commands["Agents: Failed"], commands["Agents of kind: command"])
    assert (standing_out(house), strip(house)) == ("a", "Showing 1 of 4: failed, command")
    house.act(commands["Agents: Working"])
    assert standing_out(house) == "b"
    house.act(commands["Agents: all"])
    assert standing_out(house) == "abcd"


def test_chips_and_strip_fit_a_small_screen(house: Stage, dressed: None) -> None:
    view = house.view
    view.resize(720, 452)
    press(house, view.filters.chip(AgentState.FAILED))
    choose_kind(house, "command")
    shown = view.filtering.strip
    for widget in (view.filters.kind_chip, shown.hide_chip, shown.clear_button):
        at = widget.mapTo(view, QPoint(0, 0))
        assert view.rect().contains(at)
        assert view.rect().contains(at + QPoint(widget.width() - 1, widget.height() - 1))
        assert min(widget.width(), widget.height()) >= 48
    assert shown._text.text() == shown.said  # not cut off
