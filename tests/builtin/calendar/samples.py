# SPDX-License-Identifier: Apache-2.0
"""Sessions and people for the tests of the calendar."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from podium.core import Occurrence, Person, SessionView
from podium.plugins.calendar.events import Entry

ADA = Person(name="Ada Lovelace", email="ada@example.org", role="instructor", participant_id="ada")
BEN = Person(name="Ben", email="ben@example.org", participant_id="ben")
ZOE = Person(name="Zoë", email="Zoe@Example.org", participant_id="zoe", language="de-AT", time_zone="Europe/Vienna")
SENDER = "classes@example.org"
LINK = "https://classes.example.org/plugins/scheduling/join/algebra?invitation=ben.secret"


def session_at(local: str, zone: str = "Europe/Berlin", **fields: Any) -> SessionView:
    """A session that starts at a time of day in a zone, an hour long."""
    starts_at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    values: dict[str, Any] = {
        "session_id": "algebra",
        "title": "Algebra",
        "description": "Bring paper.",
        "instructor": ADA,
        "participants": (BEN, ZOE),
        "starts_at": starts_at,
        "duration": 60,
        "time_zone": zone,
        "capacity": 50,
        "state": "scheduled",
        "cancelled": False,
        "version": 1,
        "recurrence": None,
        "exceptions": (),
        "recording": True,
        "updated_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "change_number": 1,
    } | fields
    ends_at = values["starts_at"] + timedelta(minutes=values["duration"])
    values.setdefault("occurrence", moved(starts_at, starts_at, ends_at))
    return SessionView(**values)


def moved(original: datetime, starts_at: datetime, ends_at: datetime | None = None, **fields: Any) -> Occurrence:
    """A class that takes place at another time than its rule says, or with `state="cancelled"` not at all."""
    return Occurrence(
        room_id=f"algebra-{original:%Y%m%d}",
        original_starts_at=original,
        starts_at=starts_at,
        ends_at=ends_at or starts_at + timedelta(hours=1),
        **fields,
    )


def edited(session: SessionView, **fields: Any) -> SessionView:
    """The session after one more edit."""
    numbers = {"version": session.version + 1, "change_number": session.change_number + 1}
    return msgspec.structs.replace(session, **numbers | fields)


def entry_of(session: SessionView, person: Person = BEN, **fields: Any) -> Entry:
    values: dict[str, Any] = {
        "sequence": session.version - 1,
        "stamp": session.updated_at,
        "organizer": SENDER,
        "link": LINK,
        "alarm": 10,
    } | fields
    return Entry(session=session, person=person, **values)
