# SPDX-License-Identifier: Apache-2.0
"""What is logged, by whichever library, is there to be looked at, and logging is afterwards as it was before."""

import logging

import pytest
import structlog

from podium.hosts.testing import Host, Log
from podium.hosts.testing._log import captured_log


def test_what_a_plugin_logs_is_waited_for(host: Host) -> None:
    host.room("algebra").join("Ada")
    line = host.log.wait_for("hello", session_id="algebra")
    assert (line.level, line.logger) == ("info", "podium.plugins.polite")
    assert line.fields == {"plugin": "polite", "session_id": "algebra", "name": "Ada"}
    assert str(line) == "info     hello plugin='polite' session_id='algebra' name='Ada'"
    assert host.log.find("hello", session_id="geometry") == []


def test_what_podium_logs_has_its_fields() -> None:
    log = Log()
    with captured_log(log, logging.INFO):
        logging.getLogger("podium.core").info("room of %s", "Ada", extra={"session_id": "algebra"})
        logging.getLogger("podium.core").debug("too much")
    (line,) = log
    assert (line.event, line.fields) == ("room of Ada", {"session_id": "algebra"})


def test_an_exception_has_its_traceback() -> None:
    log = Log()
    with captured_log(log, logging.INFO):
        try:
            raise KeyError("slot")
        except KeyError:
            structlog.stdlib.get_logger("podium.plugins.x").exception("failed")
    (line,) = log
    assert line.traceback is not None
    assert "KeyError: 'slot'" in line.traceback
    assert line.traceback in str(log)


def test_what_was_not_logged_is_said_with_the_log() -> None:
    log = Log()
    with captured_log(log, logging.INFO):
        logging.getLogger("podium.core").info("something")
    with pytest.raises(AssertionError, match=r"'welcome' plugin='x' was not logged within 0\.01 s") as missing:
        log.wait_for("welcome", timeout=0.01, plugin="x")
    assert "info     something" in str(missing.value)


def test_logging_is_as_before() -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), structlog.is_configured())
    with captured_log(Log(), logging.DEBUG):
        assert root.level == logging.DEBUG
    assert (root.level, root.handlers, structlog.is_configured()) == before
