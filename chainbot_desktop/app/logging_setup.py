"""One stream of log records: structlog's way of writing over the standard library, people's form on a terminal, JSON elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import structlog

from chainbot_desktop.core.errors import SettingsError
from chainbot_desktop.core.settings import LoggingSettings

_NOISY = (
    "asyncio",
    "qasync",
    "aiohttp.access",
    "markdown",
    "MARKDOWN",
    "keyring",
    "alembic",
    "httpx2",
    "httpcore2",
    "openai",
    "anthropic",
)


def set_up_logging(settings: LoggingSettings, *extra: logging.Handler) -> Callable[[], None]:
    """Send the records of every module to standard error, to the file of the settings and to `extra`; returns what undoes it.

    Raises SettingsError if the log file cannot be opened.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(_formatter(shared, as_json=as_json, colors=sys.stderr.isatty()))
    if settings.file is not None:
        try:
            settings.file.expanduser().parent.mkdir(parents=True, exist_ok=True)
            to_file = logging.FileHandler(settings.file.expanduser(), encoding="utf-8")
        except OSError as error:
            raise SettingsError(
                f"The log file {settings.file} cannot be written: {error}.",
                hint="Set logging.file or LOG_FILE to another path.",
            ) from None
        to_file.setFormatter(_formatter(shared, as_json=settings.format != "text", colors=False))
        handlers.append(to_file)
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    root.setLevel(settings.level.upper())
    root.handlers[:] = [*handlers, *extra]
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)

    def undo() -> None:
        logging.captureWarnings(False)
        root.setLevel(before[0])
        root.handlers[:] = before[1]
        for handler in handlers:
            handler.close()

    return undo


def _formatter(shared: list[structlog.typing.Processor], *, as_json: bool, colors: bool) -> logging.Formatter:
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=colors)
    )
    exceptions: list[structlog.typing.Processor] = [structlog.processors.format_exc_info] if as_json else []
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, last],
    )
