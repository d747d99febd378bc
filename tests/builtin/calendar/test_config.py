# SPDX-License-Identifier: Apache-2.0
"""Settings: what is wrong is said with what would be right, and no secret is shown."""

from pathlib import Path

import pytest

from podium.core.config import plugin_config
from podium.plugins.calendar import CalendarConfig
from tests.plugins.stand_ins import config_of

COMPLETE = """
[plugins.calendar]
base_url = "https://classes.example.org"
sender = "classes@example.org"

[plugins.calendar.smtp]
host = "mail.example.org"
username = "podium"
password = "hunter2"
"""


def judged(tmp_path: Path, text: str) -> tuple[CalendarConfig | None, str]:
    value, problems = plugin_config(config_of(tmp_path, text).plugins, "calendar", CalendarConfig)
    return value, "\n".join(problems)


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    value, problems = judged(tmp_path, "[plugins.calendar]\n")
    assert problems == ""
    assert value is not None
    assert not value.can_send


def test_ports_follow_the_security(tmp_path: Path) -> None:
    value, problems = judged(tmp_path, COMPLETE)
    assert problems == ""
    assert value is not None
    assert (value.smtp.actual_port, value.imap.actual_port) == (587, 993)
    value, _ = judged(tmp_path, COMPLETE + 'security = "tls"\n')
    assert value is not None
    assert value.smtp.actual_port == 465


def test_passwords_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    text = COMPLETE.replace('password = "hunter2"', f'password_file = "{tmp_path}/password"')
    value, problems = judged(tmp_path, text)
    assert problems == ""
    assert value is not None
    assert value.smtp.password == "hunter2"
    assert "hunter2" not in repr(value)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('sender = "classes@example.org"\n', "", "sender is missing: with smtp.host"),
        ('base_url = "https://classes.example.org"\n', "", "base_url is missing: with smtp.host"),
        ("classes@example.org", "classes", "sender has to be an e-mail address"),
        ("https://classes.example.org", "classes.example.org", "expected a URL without a path"),
        ("https://classes.example.org", "https://classes.example.org/", "expected a URL without a path"),
        ('host = "mail.example.org"', 'host = "mail.example.org:25"\nsecurity = "off"', "`starttls`, `tls`, `none`"),
        ('host = "mail.example.org"', 'host = "mail example org"', "expected a host name or an IP address"),
        ('username = "podium"', 'security = "none"', "the password would be sent in clear"),
        ('username = "podium"', 'user = "podium"', "the nearest is plugins.calendar.smtp.username"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, before: str, after: str, problem: str) -> None:
    assert before in COMPLETE
    value, problems = judged(tmp_path, COMPLETE.replace(before, after))
    assert value is None
    assert problem in problems
    assert "hunter2" not in problems
