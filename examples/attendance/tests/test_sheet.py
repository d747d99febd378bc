# SPDX-License-Identifier: Apache-2.0
"""The CSV reads back as what went in, and no cell of it is a formula."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest

from podium_attendance.people import Attendee
from podium_attendance.sheet import HEADER, safe, sheet

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)


def attendee(name: str = "Ada", seconds: int = 0, left: datetime | None = None) -> Attendee:
    return Attendee(
        participant_id="p1",
        display_name=name,
        role="student",
        first_joined_at=NOON.astimezone(timezone(timedelta(hours=2))),
        present_since=None if left else NOON,
        last_left_at=left,
        seconds=seconds,
        stays=2,
    )


def lines(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_line_for_each_person_below_the_header() -> None:
    text = sheet([attendee(seconds=3675), attendee("Ben", left=NOON)])
    assert lines(text) == [
        list(HEADER),
        ["Ada", "student", "p1", "2030-05-01 12:00:00", "", "1:01:15", "2"],
        ["Ben", "student", "p1", "2030-05-01 12:00:00", "2030-05-01 12:00:00", "0:00:00", "2"],
    ]
    assert text.endswith("\r\n")


@pytest.mark.parametrize("name", ['Ada "the first", Countess', "Zoë 🦉", "a;b", "it's", "שלום"])
def test_names_come_back_as_they_are(name: str) -> None:
    assert lines(sheet([attendee(name)]))[1][0] == name


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x.org")', "+1", "-1+2", "@SUM(A1)", "\t=1", "  =1", "\uff1d1"])
def test_a_name_is_never_a_formula(name: str) -> None:
    assert lines(sheet([attendee(name)]))[1][0] == f"'{name}"


def test_signs_inside_of_a_name_stay_alone() -> None:
    assert safe("Ada-Marie = Ben+1") == "Ada-Marie = Ben+1"


def test_nobody_is_a_header_alone() -> None:
    assert lines(sheet([])) == [list(HEADER)]
