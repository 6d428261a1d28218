"""Switching windows, badges, what is remembered, hot swap, pop-out, closing."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.ui.shell.link_words import link_look
from chainbot_desktop.ui.shell.stage import PopOut
from chainbot_desktop.ui.view import Message
from tests.ui.finding import focused
from tests.ui.shell.conftest import MakePanel, Panel

CTRL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


def _press(panel: Panel, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(QApplication.focusWidget() or panel.window, key, modifier)


def test_windows_are_built_when_first_looked_at(make_panel: MakePanel) -> None:
    panel = make_panel()
    panel.window.select_window("chat")
    assert panel.built == {}, "no view before the services exist"
    panel.attach()
    assert set(panel.built) == {"chat"}
    QTest.mouseClick(panel.window.rail.button("watchtower"), LEFT)
    assert set(panel.built) == {"chat", "watchtower"}
    assert panel.built["watchtower"].isVisible()
    assert not panel.built["chat"].isVisible()
    _press(panel, Qt.Key.Key_3, CTRL)
    assert panel.built["chat"].isVisible()
    assert panel.built["chat"].first_shown == 1
    assert panel.remembered["shell.window"] == "chat"


def test_keys_reach_every_window(panel: Panel) -> None:
    for number, key in enumerate(("agent-map", "code-agent", "chat", "watchtower")):
        _press(panel, Qt.Key(Qt.Key.Key_1 + number), CTRL)
        assert panel.built[key].isVisible()
        assert panel.window.rail.button(key).isChecked()


def test_the_keyboard_returns_to_where_it_was_in_a_window(panel: Panel) -> None:
    panel.built["agent-map"].field.setFocus()
    _press(panel, Qt.Key.Key_2, CTRL)
    _press(panel, Qt.Key.Key_1, CTRL)
    assert QApplication.focusWidget() is panel.built["agent-map"].field


def test_remembered_window_look_and_size_come_back(make_panel: MakePanel) -> None:
    panel = make_panel()
    panel.attach(window="watchtower", theme="light", text_size="large", geometry=[700, 500])
    assert panel.built["watchtower"].isVisible()
    assert panel.themes.current.name == "light"
    assert panel.themes.text_size == "large"
    assert panel.window.size() == QSize(700, 500)


def test_nonsense_in_the_memory_is_ignored(make_panel: MakePanel) -> None:
    panel = make_panel()
    panel.attach(window="kitchen", theme=7, text_size=["x"], geometry="wide")
    assert panel.built["agent-map"].isVisible()
    assert panel.themes.text_size == "normal"


def test_size_is_remembered_once_the_dragging_ends(panel: Panel, qtbot: QtBot) -> None:
    panel.size(900, 500)
    panel.size(910, 510)
    qtbot.waitUntil(lambda: panel.remembered.get("shell.geometry") == [910, 510], timeout=3000)


def test_badges_by_the_app_and_by_the_view(panel: Panel) -> None:
    panel.window.set_badge("chat", 3)
    panel.built["agent-map"].badge_changed.emit(1)
    assert panel.window.rail.button("chat").badge == 3
    assert "3 waiting" in panel.window.rail.button("chat").accessibleName()
    assert panel.window.rail.button("agent-map").badge == 1
    panel.window.set_badge("chat", 0)
    assert panel.window.rail.button("chat").accessibleName() == "Chat"


def test_hot_swap_brings_a_window_forward_with_its_content(panel: Panel) -> None:
    panel.built["agent-map"].open_requested.emit("chat", {"agent": "a1"})
    assert panel.built["chat"].isVisible()
    assert panel.built["chat"].presented == [{"agent": "a1"}]
    assert panel.window.rail.button("chat").isChecked()


def test_hot_swap_before_the_services_is_kept(make_panel: MakePanel) -> None:
    panel = make_panel()
    panel.window.present("watchtower", {"page": "link"})
    panel.attach(window="chat")
    assert panel.built["watchtower"].presented == [{"page": "link"}]
    assert panel.built["watchtower"].isVisible()


def test_link_and_status_lead_to_watchtower(panel: Panel) -> None:
    QTest.mouseClick(panel.window.rail.link_button, LEFT)
    panel.window.select_window("chat")
    QTest.mouseClick(panel.window.status, LEFT)
    assert panel.built["watchtower"].presented == [{"page": "link"}, {"page": "machine"}]
    assert panel.built["watchtower"].isVisible()


def test_every_state_of_the_link_has_a_word_and_a_shape_of_its_theme(panel: Panel) -> None:
    for state in LinkState:
        panel.window.set_link(LinkStatus(state=state, reason="because"))
        look = link_look(state)
        assert panel.window.rail.link_button.text() == look.word
        assert not panel.themes.current.pixmap(look.icon, look.token).isNull()
        assert "because" in panel.window.rail.link_button.accessibleName()


def test_portrait_puts_the_rail_at_the_foot(panel: Panel) -> None:
    assert panel.window.rail.geometry().getRect() == (0, 0, 80, 480)
    panel.size(480, 800)
    rail = panel.window.rail.geometry()
    assert (rail.left(), rail.width(), rail.bottom()) == (0, 480, 799)
    assert panel.window.stage.width() == 480
    for key in panel.window.stage.keys:
        assert panel.window.rail.button(key).width() >= 48
    panel.size(800, 480)
    assert panel.window.rail.geometry().getRect() == (0, 0, 80, 480)


def test_view_gets_the_promised_room(panel: Panel) -> None:
    assert panel.built["agent-map"].size() == QSize(720, 452)


def test_pop_out_and_dock(panel: Panel, qtbot: QtBot) -> None:
    view = panel.built["agent-map"]
    panel.window.pop_out("agent-map")
    outside = view.window()
    assert isinstance(outside, PopOut)
    assert outside.isVisible()
    assert view.isVisible()
    panel.window.select_window("chat")
    assert panel.built["chat"].isVisible()
    outside.close()
    assert view.window() is panel.window
    panel.window.select_window("agent-map")
    assert view.isVisible()
    assert view.size() == QSize(720, 452)
    assert panel.built["agent-map"] is view, "it is the same view, not a second one"


def test_pop_out_is_brought_back_from_its_place(panel: Panel, qtbot: QtBot) -> None:
    panel.window.pop_out("agent-map")
    outside = panel.built["agent-map"].window()
    back = [b for b in panel.window.findChildren(type(panel.built["agent-map"].main_button)) if b.text() == "Bring it back"]
    QTest.mouseClick(back[0], LEFT)
    assert panel.built["agent-map"].window() is panel.window
    assert not outside.isVisible()


def test_kiosk_has_one_window_only(make_panel: MakePanel) -> None:
    panel = make_panel(kiosk=True)
    panel.attach()
    assert panel.window.isFullScreen()
    assert panel.window.windowFlags() & Qt.WindowType.FramelessWindowHint
    panel.window.pop_out("agent-map")
    assert panel.built["agent-map"].window() is panel.window


def test_closing_asks_the_app_and_not_qt(panel: Panel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.window.close_requested):
        panel.window.close()
    assert panel.window.isVisible(), "the app stops its services first"
    panel.window.finish()
    assert not panel.window.isVisible()


def test_ctrl_q_asks_too(panel: Panel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.window.close_requested):
        _press(panel, Qt.Key.Key_Q, CTRL)


def test_unsaved_files_are_asked_about(panel: Panel, qtbot: QtBot) -> None:
    view = panel.built["agent-map"]
    view.open_files = ["notes.md"]
    with qtbot.assertNotEmitted(panel.window.close_requested):
        panel.window.close()
        panel.window.close()
        _press(panel, Qt.Key.Key_Escape)
    assert view.open_files == ["notes.md"]
    panel.window.close()
    with qtbot.waitSignal(panel.window.close_requested):
        _press(panel, Qt.Key.Key_Space)  # "Save all and close" has the keyboard
    assert view.open_files == []


def test_a_save_that_fails_keeps_the_program_open(panel: Panel, qtbot: QtBot) -> None:
    view = panel.built["agent-map"]
    view.open_files = ["notes.md"]
    view.saving = lambda: False
    with qtbot.assertNotEmitted(panel.window.close_requested):
        panel.window.close()
        _press(panel, Qt.Key.Key_Space)
    assert view.open_files == ["notes.md"]


def test_the_picture_shows_what_the_panel_shows(panel: Panel) -> None:
    image = QImage.fromData(panel.window.render_png())
    assert image.size() == panel.window.size() * panel.window.devicePixelRatio()
    ground = panel.themes.current.color("surface1").rgb()
    assert image.pixel(4, image.height() - 4) == ground
    panel.themes.select("light")
    image = QImage.fromData(panel.window.render_png())
    assert image.pixel(4, image.height() - 4) == panel.themes.current.color("surface1").rgb()


def test_frames_are_counted(panel: Panel, qtbot: QtBot) -> None:
    before = panel.window.frame_statistics.count
    panel.window.set_machine(50, 1, 2)
    qtbot.waitUntil(lambda: panel.window.frame_statistics.count > before)
    assert panel.window.frame_statistics.last_ms > 0
    assert panel.window.frame_statistics.p99_ms >= panel.window.frame_statistics.last_ms / 10


def test_messages_of_a_view_reach_the_bar(panel: Panel) -> None:
    panel.built["agent-map"].message.emit(Message("Saved", "success"))
    assert panel.window.messages.isVisible()
    assert panel.window.messages.current == Message("Saved", "success")


def test_f6_goes_round_the_parts_of_the_screen(panel: Panel) -> None:
    window = panel.window
    window.show_message(Message("Broken", "error"))
    seen = []
    for _ in range(5):
        _press(panel, Qt.Key.Key_F6)
        here = focused()
        regions = {"rail": window.rail, "stage": window.stage, "messages": window.messages, "status": window.status}
        seen.append(next(name for name, region in regions.items() if region is here or region.isAncestorOf(here)))
    assert seen == ["stage", "messages", "status", "rail", "stage"]


def test_tab_reaches_every_control(panel: Panel) -> None:
    window = panel.window
    window.show_message(Message("Broken", "error", action_label="Show", action=lambda: None))
    view = panel.built["agent-map"]
    wanted: set[QWidget] = {
        *[window.rail.button(key) for key in window.stage.keys],
        window.rail.link_button,
        window.rail.menu_button,
    }
    wanted |= {view.main_button, view.search, view.list, view.field, window.status}
    reached: set[QWidget | None] = set()
    for _ in range(40):
        _press(panel, Qt.Key.Key_Tab)
        reached.add(QApplication.focusWidget())
    assert wanted <= reached


def test_tab_goes_down_the_rail_as_the_eye_does(panel: Panel) -> None:
    rail = panel.window.rail
    rail.button("agent-map").setFocus()
    met = []
    for _ in range(5):
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
        met.append(focused())
    assert met == [
        rail.button("code-agent"),
        rail.button("chat"),
        rail.button("watchtower"),
        rail.link_button,
        rail.menu_button,
    ]
