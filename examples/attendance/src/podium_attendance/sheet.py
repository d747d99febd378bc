# SPDX-License-Identifier: Apache-2.0
"""Attendance as CSV (RFC 4180), for spreadsheets.

People choose their names, and a spreadsheet runs a cell that begins with `=` or the like as a formula, which may send
the sheet elsewhere. Such cells begin with an apostrophe here, which makes them text.
"""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime

from podium_attendance.people import Attendee

HEADER = ("Name", "Role", "Participant", "First joined (UTC)", "Last left (UTC)", "Present (h:mm:ss)", "Stays")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last are wide = + - @


def sheet(people: Iterable[Attendee]) -> str:
    """A header and a line for each person."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    for each in people:
        cells = (each.display_name, each.role, each.participant_id, _time(each.first_joined_at))
        writer.writerow(
            [safe(cell) for cell in (*cells, _time(each.last_left_at), _clock(each.seconds), f"{each.stays}")]
        )
    return text.getvalue()


def safe(cell: str) -> str:
    """The cell as text, whatever it begins with; spaces in front do not hide a formula from every spreadsheet."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at is not None else ""


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
