# SPDX-License-Identifier: Apache-2.0
"""The log of a host under test, as values to look at rather than text to search.

Events of structlog and of the standard library's logging both pass through the root logger, so pytest shows them with
a failing test as well. What was configured before is put back.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, final

import structlog

_FIELDS = "podium_fields"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", _FIELDS}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of the log."""

    level: str
    """`debug`, `info`, `warning`, `error` or `critical`."""
    logger: str
    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What was said with it: `plugin`, `session_id` and so on."""
    traceback: str | None = None

    def __str__(self) -> str:
        fields = "".join(f" {name}={value!r}" for name, value in self.fields.items())
        return f"{self.level:<8} {self.event}{fields}" + (f"\n{self.traceback}" if self.traceback else "")

    def matches(self, event: str, fields: Mapping[str, object]) -> bool:
        """Whether this is the event, with these fields among others."""
        return self.event == event and all(
            name in self.fields and self.fields[name] == value for name, value in fields.items()
        )


@final
class Log:
    """Everything logged since the host began to start, in order. `str(log)` is all of it as text."""

    def __init__(self) -> None:
        self._lines: list[LogLine] = []
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[LogLine]:
        with self._changed:
            return iter(tuple(self._lines))

    def __len__(self) -> int:
        return len(self._lines)

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def find(self, event: str, /, **fields: object) -> list[LogLine]:
        """The lines of this event that have these fields."""
        return [line for line in self if line.matches(event, fields)]

    def wait_for(self, event: str, /, *, timeout: float = 10.0, **fields: object) -> LogLine:
        """The first such line, as soon as there is one. Raises AssertionError after `timeout` seconds."""
        with self._changed:
            if self._changed.wait_for(lambda: self.find(event, **fields), timeout):
                return self.find(event, **fields)[0]
        wanted = f"{event!r}" + "".join(f" {name}={value!r}" for name, value in fields.items())
        raise AssertionError(f"{wanted} was not logged within {timeout:g} s; the log:\n{self}")

    def add(self, line: LogLine) -> None:
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()


class _Handler(logging.Handler):
    """Puts what is logged into a Log."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        others = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        fields = {**others, **getattr(record, _FIELDS, {})}
        traceback = self._formatter.formatException(record.exc_info) if record.exc_info else None
        self._log.add(LogLine(record.levelname.lower(), record.name, record.getMessage(), fields, traceback))


@contextmanager
def captured_log(log: Log, level: int) -> Iterator[None]:
    """Put everything of at least this level into `log`."""
    structlog_was = structlog.get_config() if structlog.is_configured() else None
    _configure_structlog()
    root, alembic = logging.getLogger(), logging.getLogger("alembic")
    levels = root.level, alembic.level
    handler = _Handler(log)
    root.addHandler(handler)
    root.setLevel(min(level, root.level))
    alembic.setLevel(logging.WARNING)  # as the host has it: podium.core.data says what was migrated, with the plugin
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(levels[0])
        alembic.setLevel(levels[1])
        structlog.reset_defaults()
        if structlog_was is not None:
            structlog.configure(**structlog_was)


def _configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            _as_record,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _as_record(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The arguments for `Logger.log`; fields under a name of ours, since a record's own names are not to be used."""
    options = {name: event.pop(name) for name in ("exc_info", "stack_info", "stacklevel") if name in event}
    return {"msg": event.pop("event"), "extra": {_FIELDS: dict(event)}, **options}
