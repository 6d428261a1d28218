from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from PySide6.QtCore import qCritical, qInstallMessageHandler, qWarning

from chainbot_desktop.app.qt_messages import log_qt_messages


@pytest.fixture
def _qt_into_the_log() -> Iterator[None]:
    log_qt_messages()
    yield
    qInstallMessageHandler(None)


@pytest.mark.usefixtures("_qt_into_the_log")
def test_what_qt_says_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        qWarning("QPainter::begin: Paint device returned engine == 0")
        qCritical("something broke")
    assert [(record.name, record.levelname) for record in caplog.records] == [("qt", "WARNING"), ("qt", "ERROR")]
    assert "QPainter::begin" in caplog.text


@pytest.mark.usefixtures("_qt_into_the_log")
def test_what_a_platform_without_window_manager_always_says_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        qWarning("This plugin does not support propagateSizeHints()")
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
