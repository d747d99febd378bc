# SPDX-License-Identifier: Apache-2.0
"""`UpdateSession` in the database: new words, new people, other times, for a session or for one class of a series.

When a series gets other times, its classes are planned anew: those that are over, or on, stay as they are, those moved
or cancelled by themselves keep that if the rule still has them, and the rest follows the rule.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, update
from sqlalchemy.orm import Session

from podium.core import Person
from podium.plugins.scheduling.errors import conflict, invalid
from podium.plugins.scheduling.lifecycle import ACTIVE, Course, Rules, rescheduled
from podium.plugins.scheduling.overlaps import Busy
from podium.plugins.scheduling.reading import Found, people_of, person, view
from podium.plugins.scheduling.requests import Invitee, UpdateSession
from podium.plugins.scheduling.tables import CLASSES
from podium.plugins.scheduling.validation import (
    Plan,
    check_future,
    checked_duration,
    checked_people,
    checked_plan,
    checked_start,
    checked_title,
)
from podium.plugins.scheduling.writing import (
    Outcome,
    add_classes,
    check_active,
    check_overlaps,
    classes_of,
    found_for_edit,
    take_number,
    touch,
    when,
    write_people,
)
from podium.plugins.scheduling.zones import checked_zone, instant

OF_ONE_CLASS = ("start", "duration")
"""What can differ from the rest of a series."""


def edit(session: Session, request: UpdateSession, now: datetime, rules: Rules) -> Outcome:
    """Take over what the request says. Raises OperationError, and then nothing has changed."""
    number = take_number(session)
    found = found_for_edit(session, request.session_id, request.version)
    if found.is_class:
        move(session, found, request, now, rules)
        touch(session, found.session_id, number, now)
        return Outcome(view(session, found.session_id, found.course.id))
    values = _plain_values(request)
    values |= _people(session, found, request)
    before, plan = _plans(found.session, request)
    email: str = values.get("instructor_email", found.session.instructor_email)
    vacated: tuple[str, ...] = ()
    if plan != before:
        if plan.starts_at != before.starts_at:
            check_future(plan.start, plan.zone, now)
        vacated = replan(session, found, plan, email, now, rules)
        values |= when(plan)
    if (plan != before or "instructor_email" in values) and not request.force:
        ahead = [_busy(row) for row in classes_of(session, found.session_id, active=True)]
        check_overlaps(session, email, found.session_id, ahead)
    touch(session, found.session_id, number, now, **values)
    return Outcome(view(session, found.session_id), vacated)


def _plain_values(request: UpdateSession) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if request.title is not None:
        values["title"] = checked_title(request.title)
    for name in ("description", "capacity", "recording"):
        if (value := getattr(request, name)) is not None:
            values[name] = value
    return values


def _people(session: Session, found: Found, request: UpdateSession) -> dict[str, Any]:
    if request.instructor is None and request.participants is None:
        return {}
    known = [person(row) for row in session.execute(people_of([found.session_id]))]
    instructor = request.instructor or _invitee(known[0])
    others = request.participants if request.participants is not None else tuple(map(_invitee, known[1:]))
    people = checked_people(instructor, others, known)
    write_people(session, found.session_id, people)
    email = people[0].email_key
    if email == found.session.instructor_email:
        return {}
    session.execute(update(CLASSES).where(CLASSES.c.session_id == found.session_id).values(instructor_email=email))
    return {"instructor_email": email}


def _invitee(known: Person) -> Invitee:
    return Invitee(
        name=known.name,
        email=known.email,
        role=known.role,
        participant_id=known.participant_id,
        language=known.language,
        time_zone=known.time_zone,
    )


def _plans(row: Row[Any], request: UpdateSession) -> tuple[Plan, Plan]:
    """When the session is, and when it shall be."""
    before = checked_plan(row.local_start, row.time_zone, row.duration, row.recurrence)
    recurrence = row.recurrence if request.recurrence is None else request.recurrence
    after = checked_plan(
        row.local_start if request.start is None else request.start,
        request.time_zone or row.time_zone,
        row.duration if request.duration is None else request.duration,
        recurrence,
    )
    return before, after


def replan(session: Session, found: Found, plan: Plan, email: str, now: datetime, rules: Rules) -> tuple[str, ...]:
    """Bring the classes in line with a new plan; the ids of those that are gone."""
    wanted = {plan.room_of(found.session_id, planned): planned for planned in plan.classes()}
    there = {row.id: row for row in classes_of(session, found.session_id)}
    if plan.rule is None and found.session_id in there:
        check_active(there[found.session_id])
    gone = [name for name, row in there.items() if row.state not in ("live", "ended") and name not in wanted]
    session.execute(delete(CLASSES).where(CLASSES.c.id.in_(gone)))
    for name in wanted.keys() & there.keys():
        if there[name].state in ACTIVE and not there[name].exception:
            starts_at = wanted[name].starts_at
            _set_times(session, there[name], starts_at, starts_at + plan.length, now, rules, original=starts_at)
    new = [wanted[name] for name in wanted if name not in there and wanted[name].starts_at + plan.length > now]
    add_classes(session, found.session_id, email, plan, new)
    if not classes_of(session, found.session_id, active=True):
        raise invalid("recurrence", "no class of this session would lie ahead", "recurrence_invalid")
    return tuple(name for name in gone if there[name].state != "cancelled")


def move(session: Session, found: Found, request: UpdateSession, now: datetime, rules: Rules) -> None:
    """Give one class of a series another start or duration."""
    for name in request.__struct_fields__:
        if name not in ("session_id", "version", "force", *OF_ONE_CLASS) and getattr(request, name) is not None:
            message = f"{name} belongs to the whole session {found.session_id!r}; of one class, start and duration can"
            raise invalid(name, f"{message} be changed", "field_of_session")
    course = found.course
    check_active(course)
    starts_at, length = course.starts_at, course.ends_at - course.starts_at
    if request.start is not None:
        zone, local = checked_zone(found.session.time_zone), checked_start(request.start)
        if (wanted := instant(local, zone)) != starts_at:
            check_future(local, zone, now)
            starts_at = wanted
    if request.duration is not None:
        length = timedelta(minutes=checked_duration(request.duration))
    if not request.force:
        times = [Busy(starts_at, starts_at + length)]
        check_overlaps(session, found.session.instructor_email, found.session_id, times, but=course.id)
    _set_times(session, course, starts_at, starts_at + length, now, rules)
    usual = (course.original_starts_at, timedelta(minutes=found.session.duration))
    differs = (starts_at, length) != usual
    session.execute(update(CLASSES).where(CLASSES.c.id == course.id).values(exception=differs))


def _set_times(
    session: Session,
    row: Row[Any],
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    rules: Rules,
    original: datetime | None = None,
) -> None:
    if row.state == "live" and starts_at != row.starts_at:
        raise conflict("session_live", "this class is on; it can be made longer or shorter, not moved", "start")
    course = rescheduled(Course(row.state, row.starts_at, row.ends_at, row.warned), starts_at, ends_at, now, rules)
    values: dict[str, Any] = {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "state": course.state,
        "warned": course.warned,
    }
    if original is not None:
        values["original_starts_at"] = original
    session.execute(update(CLASSES).where(CLASSES.c.id == row.id).values(**values))


def _busy(row: Row[Any]) -> Busy:
    return Busy(row.starts_at, row.ends_at)
