# SPDX-License-Identifier: Apache-2.0
"""The operation `ListEvents`: what may be asked of the trail, and one page of the answer.

A page goes on from an entry rather than from a number, so entries that are written meanwhile move nothing.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from podium.core import Database, ParticipantId, SessionId
from podium.plugins.events import store
from podium.plugins.events.entries import CURSOR, Entry

LONGEST_PAGE = 500

Moment = Annotated[datetime, Meta(tz=True)]


class ListEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries of the trail; all that are given have to fit."""

    session_id: Annotated[
        SessionId | None, Meta(description="Needed by instructors, who read the trail of their own session only.")
    ] = None
    kind: Annotated[
        Annotated[str, Meta(min_length=1, max_length=64)] | None,
        Meta(description="Such as `participant_joined`, or the name of a plugin's event."),
    ] = None
    participant_id: Annotated[ParticipantId | None, Meta(description="Who did it, or whom it was done to.")] = None
    since: Annotated[Moment | None, Meta(description="The earliest time, with its zone.")] = None
    until: Annotated[Moment | None, Meta(description="Before this time.")] = None
    cursor: Annotated[Annotated[str, Meta(pattern=CURSOR)] | None, Meta(description="`next` of the page before.")] = (
        None
    )
    limit: Annotated[int, Meta(ge=1, le=LONGEST_PAGE)] = 100


class EventList(msgspec.Struct, frozen=True, kw_only=True):
    """Entries, the newest first; `next` is the cursor of the page after this one, None at the end."""

    events: tuple[Entry, ...]
    next: str | None


async def page(database: Database, request: ListEvents) -> EventList:
    """One page. Raises DatabaseError."""
    query = store.Query(
        session_id=request.session_id,
        kind=request.kind,
        participant_id=request.participant_id,
        since=request.since,
        until=request.until,
        before=request.cursor,
        limit=request.limit + 1,  # one more tells whether there is another page
    )
    found = await database.read(store.find, query)
    events = tuple(found[: request.limit])
    return EventList(events=events, next=events[-1].id if len(found) > request.limit else None)
