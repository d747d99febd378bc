# SPDX-License-Identifier: Apache-2.0
"""What can be asked for: the attendance of a session, as values and as a sheet.

Podium checks the caller's role and session and every field before a function is called.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from podium.core import Caller, PluginContext, SessionId

from podium_attendance._plugin import STAFF, plugin
from podium_attendance.people import Attendee, attendees
from podium_attendance.sheet import sheet
from podium_attendance.tables import stays

READERS = (*STAFF, "service", "administrator")


class ListAttendance(msgspec.Struct, frozen=True, kw_only=True):
    """Which session."""

    session_id: SessionId


class Attendance(msgspec.Struct, frozen=True, kw_only=True):
    """Who was there, in the order in which they first came."""

    attendees: tuple[Attendee, ...]
    at: Annotated[datetime, Meta(description="The moment until which `seconds` are counted.")]


class ExportAttendance(msgspec.Struct, frozen=True, kw_only=True):
    """Which session."""

    session_id: SessionId


class AttendanceSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A file for a spreadsheet."""

    filename: str
    content_type: str
    csv: str


@plugin.operation(roles=READERS, rest="GET /attendance/{session_id}")
async def list_attendance(context: PluginContext, caller: Caller, request: ListAttendance) -> Attendance:
    """Say who was in a session, from when to when and how long in all."""
    now = datetime.now(UTC)
    return Attendance(attendees=tuple(attendees(await context.database.read(stays, request.session_id), now)), at=now)


@plugin.operation(roles=READERS, rest="GET /attendance/{session_id}/csv")
async def export_attendance(context: PluginContext, caller: Caller, request: ExportAttendance) -> AttendanceSheet:
    """Write who was in a session into a CSV file."""
    now = datetime.now(UTC)
    people = attendees(await context.database.read(stays, request.session_id), now)
    return AttendanceSheet(
        filename=f"attendance-{request.session_id}-{now:%Y-%m-%d}.csv",
        content_type="text/csv; charset=utf-8",
        csv=sheet(people),
    )
