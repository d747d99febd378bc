# SPDX-License-Identifier: Apache-2.0
"""Logging: one event, one line, from either library."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from podium.core.config import LogConfig
from podium.hosts.cli._logging import configure_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogConfig())
    structlog.get_logger("podium.x").warning("joined\nagain", room="r1")
    (event,) = events(capsys)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "joined\nagain", "level": "warning", "logger": "podium.x", "room": "r1"}


def test_the_standard_library_takes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogConfig())
    logging.getLogger("podium.y").info("left %s", "room", extra={"participant": "p1"})
    (event,) = events(capsys)
    assert (event["event"], event["participant"], event["level"]) == ("left room", "p1", "info")


def test_an_exception_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogConfig())
    try:
        raise KeyError("slot")
    except KeyError:
        structlog.get_logger().exception("crashed")
        logging.getLogger("podium.y").exception("crashed")
    for event in events(capsys):
        assert event["event"] == "crashed"
        assert "KeyError: 'slot'" in event["exception"]


def test_context_is_in_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogConfig())
    with structlog.contextvars.bound_contextvars(session="s1"):
        structlog.get_logger().info("one")
        logging.getLogger("podium.y").info("two")
    assert [event["session"] for event in events(capsys)] == ["s1", "s1"]


def test_less_than_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogConfig(level="warning"))
    structlog.get_logger().info("quiet")
    logging.getLogger("podium.y").info("quiet")
    assert events(capsys) == []


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogConfig(format="text"))
    structlog.get_logger("podium.x").info("joined", room="r1")
    line = capsys.readouterr().err
    assert "joined" in line
    assert "room=r1" in line
    assert "\x1b" not in line
