# SPDX-License-Identifier: Apache-2.0
"""Scheduling, changing and cancelling, as a school's server does it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podium.core import PodiumError
from tests.builtin.scheduling.stage import ADA, ANN, BOB, EPOCH, SERVICE, Stage, algebra, local

WEEKLY = "FREQ=WEEKLY;COUNT=3"


async def refused(stage: Stage, name: str, **values: Any) -> tuple[str, str | None]:
    with pytest.raises(PodiumError) as caught:
        await stage.call(name, **values)
    return caught.value.code, caught.value.field


async def test_what_was_scheduled_can_be_read(stage: Stage) -> None:
    scheduled = await stage.schedule(description="Groups", recording=False)
    session = scheduled.session
    assert session == await stage.call("GetSession", session_id="algebra")
    assert (session.title, session.description, session.recording) == ("Algebra", "Groups", False)
    assert (session.instructor.name, session.instructor.role) == ("Ada", "instructor")
    assert [(each.name, each.role) for each in session.participants] == [("Ann", "student"), ("Bob", "student")]
    assert (session.starts_at, session.duration) == (EPOCH + timedelta(hours=1), 60)
    assert (session.state, session.version, session.capacity, session.recurrence) == ("scheduled", 1, 50, None)
    assert session.occurrence.room_id == "algebra"
    assert [each.path.partition("=")[0] for each in scheduled.invitations] == [
        "/plugins/scheduling/join/algebra?invitation"
    ] * 3


async def test_an_id_is_made_up_where_none_is_given(stage: Stage) -> None:
    first = await stage.schedule(session_id=None)
    second = await stage.schedule(session_id=None, force=True)
    assert len({first.session.session_id, second.session.session_id}) == 2


async def test_asking_twice_with_an_id_makes_one_session(stage: Stage) -> None:
    await stage.schedule()
    assert await refused(stage, "ScheduleSession", **algebra()) == ("session_exists", "session_id")


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"start": local(0)}, "start_past", "start"),
    ({"start": "0001-01-01T00:00"}, "start_past", "start"),
    ({"start": "2035-01-01T09:00"}, "start_too_far", "start"),
    ({"start": "9999-12-31T23:59"}, "start_too_far", "start"),
    ({"start": "2027-02-30T09:00"}, "start_invalid", "start"),
    ({"start": "2027-02-03T09:00Z"}, "start_invalid", "start"),
    ({"start": "tomorrow"}, "start_invalid", "start"),
    ({"duration": 4}, "duration_invalid", "duration"),
    ({"duration": 721}, "duration_invalid", "duration"),
    ({"time_zone": "Europe/Berln"}, "time_zone_unknown", "time_zone"),
    ({"time_zone": "../../etc/passwd"}, "time_zone_unknown", "time_zone"),
    ({"time_zone": ""}, "time_zone_unknown", "time_zone"),
    ({"capacity": 0}, "field_invalid", "capacity"),
    ({"title": " "}, "title_invalid", "title"),
    ({"title": "\ud800"}, "title_invalid", "title"),
    ({"description": "a\0b"}, "field_invalid", "description"),
    ({"title": "a\r\nBcc: x"}, "title_invalid", "title"),
    ({"recurrence": "FREQ=DAILY;COUNT=2"}, "recurrence_invalid", "recurrence"),
    ({"recurrence": "FREQ=WEEKLY"}, "recurrence_invalid", "recurrence"),
    ({"instructor": {"name": "Ada", "email": "ada"}}, "email_invalid", "instructor.email"),
    ({"instructor": {"name": "", "email": "a@b.org"}}, "name_invalid", "instructor.name"),
    ({"participants": [ANN, BOB | {"email": "b@x"}]}, "email_invalid", "participants[1].email"),
    ({"participants": [ANN, ANN | {"email": "ANN@example.org"}]}, "email_twice", "participants[1].email"),
    ({"participants": [ADA]}, "email_twice", "participants[0].email"),
    ({"participants": [ANN | {"time_zone": "Mars"}]}, "time_zone_unknown", "participants[0].time_zone"),
    ({"session_id": "algebra-20270111T0900"}, "field_invalid", "session_id"),
]
NO_ADDRESSES = [
    "ada@ex ample.org",
    "a@b.org\r\nBcc: x@y.org",
    "<a@b.org>",
    "a@@b.org",
    ".a@b.org",
    "a@b..org",
    "a" * 65 + "@b.org",
]


async def test_each_error_names_its_field(stage: Stage) -> None:
    found = [(values, *await refused(stage, "ScheduleSession", **algebra(**values))) for values, _, _ in WRONG]
    assert found == WRONG


async def test_filters_take_no_text_that_a_database_cannot_compare(stage: Stage) -> None:
    for field in ("instructor", "participant"):
        for text in ("\0", "\ud800"):
            assert await refused(stage, "ListSessions", **{field: text}) == ("field_invalid", field)


async def test_what_is_no_address_never_reaches_a_mail(stage: Stage) -> None:
    for email in NO_ADDRESSES:
        values = algebra(participants=[{"name": "X", "email": email}])
        assert await refused(stage, "ScheduleSession", **values) == ("email_invalid", "participants[0].email")


async def test_an_instructor_teaches_one_class_at_a_time_unless_forced(stage: Stage) -> None:
    await stage.schedule()
    same = algebra(session_id="botany", start=local(90), instructor=ADA | {"email": "ADA@example.org"})
    assert await refused(stage, "ScheduleSession", **same) == ("session_overlap", "start")
    assert (await stage.call("ScheduleSession", **same, force=True)).session.session_id == "botany"
    right_after = algebra(session_id="chemistry", start=local(150), participants=[])
    assert await refused(stage, "ScheduleSession", **right_after | {"start": local(149)}) == (
        "session_overlap",
        "start",
    )
    assert (await stage.call("ScheduleSession", **right_after)).session.session_id == "chemistry"
    other = algebra(session_id="dance", instructor=BOB, participants=[])
    assert (await stage.call("ScheduleSession", **other)).session.session_id == "dance"


async def test_a_series_overlaps_with_any_of_its_classes(stage: Stage) -> None:
    await stage.schedule(recurrence=WEEKLY)
    single = algebra(session_id="botany", start=local(60 + 14 * 1440))
    assert await refused(stage, "ScheduleSession", **single) == ("session_overlap", "start")
    assert (await stage.call("ScheduleSession", **algebra(session_id="botany", start=local(60 + 21 * 1440)))).session


async def test_an_edit_takes_what_is_said_and_leaves_the_rest(stage: Stage) -> None:
    before = (await stage.schedule()).session
    after = await stage.call("UpdateSession", session_id="algebra", version=1, title="Groups", start=local(120))
    assert await stage.hear("updated") == after
    assert (after.title, after.starts_at, after.version) == ("Groups", EPOCH + timedelta(hours=2), 2)
    assert (after.duration, after.participants, after.description) == (60, before.participants, "")
    assert after.change_number > before.change_number
    assert after.occurrence.starts_at == after.starts_at


async def test_two_editors_do_not_overwrite_each_other(stage: Stage) -> None:
    await stage.schedule()
    await stage.call("UpdateSession", session_id="algebra", version=1, title="Groups")
    again = {"session_id": "algebra", "version": 1, "title": "Rings"}
    assert await refused(stage, "UpdateSession", **again) == ("version_conflict", "version")
    assert await refused(stage, "CancelSession", session_id="algebra", version=1) == ("version_conflict", "version")
    assert (await stage.call("GetSession", session_id="algebra")).title == "Groups"


async def test_an_edit_is_judged_as_a_new_session_is(stage: Stage) -> None:
    await stage.schedule()
    await stage.schedule(session_id="botany", start=local(300))
    edit: dict[str, Any] = {"session_id": "botany", "version": 1}
    assert await refused(stage, "UpdateSession", **edit, start=local(-5)) == ("start_past", "start")
    assert await refused(stage, "UpdateSession", **edit, duration=1) == ("duration_invalid", "duration")
    assert await refused(stage, "UpdateSession", **edit, start=local(61)) == ("session_overlap", "start")
    assert await refused(stage, "UpdateSession", **edit, title="\n") == ("title_invalid", "title")
    assert (await stage.call("GetSession", session_id="botany")).version == 1
    assert (await stage.call("UpdateSession", **edit, start=local(61), force=True)).version == 2


async def test_people_keep_their_ids_and_links_as_long_as_they_are_invited(stage: Stage) -> None:
    before = (await stage.schedule()).session
    link = await stage.invitation("ann@example.org")
    bobs = await stage.invitation("bob@example.org")
    carl = {"name": "Carl", "email": "carl@example.org", "role": "assistant"}
    after = await stage.call(
        "UpdateSession", session_id="algebra", version=1, participants=[carl, ANN | {"email": "Ann@example.org"}]
    )
    assert [(each.name, each.role) for each in after.participants] == [("Carl", "assistant"), ("Ann", "student")]
    assert after.participants[1].participant_id == before.participants[0].participant_id
    assert await stage.invitation("Ann@example.org") == link
    assert (await stage.call("GetSessionStatus", session_id="algebra", invitation=link)).display_name == "Ann"
    stranger = {"session_id": "algebra", "invitation": bobs}
    assert await refused(stage, "GetSessionStatus", **stranger) == ("session_unknown", "session_id")


class TestASeries:
    async def test_has_a_class_for_each_week(self, stage: Stage) -> None:
        session = (await stage.schedule(recurrence=WEEKLY)).session
        assert session.recurrence == "FREQ=WEEKLY;COUNT=3;BYDAY=MO"
        page = await stage.call("ListSessions", session_id="algebra")
        assert [each.occurrence.room_id for each in page.sessions] == [
            "algebra-20270111T0900",
            "algebra-20270118T0900",
            "algebra-20270125T0900",
        ]
        assert session.occurrence.room_id == "algebra-20270111T0900"

    async def test_one_class_can_be_moved_and_moved_back(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        second = "algebra-20270118T0900"
        moved = await stage.call("UpdateSession", session_id=second, version=1, start="2027-01-19T14:00", duration=90)
        (exception,) = moved.exceptions
        assert moved.occurrence == exception
        assert (exception.room_id, exception.cancelled) == (second, False)
        assert exception.starts_at == datetime(2027, 1, 19, 13, tzinfo=UTC)
        assert exception.ends_at == datetime(2027, 1, 19, 14, 30, tzinfo=UTC)
        assert exception.original_starts_at == datetime(2027, 1, 18, 8, tzinfo=UTC)
        assert (moved.starts_at, moved.duration, moved.version) == (EPOCH + timedelta(hours=1), 60, 2)
        back = await stage.call("UpdateSession", session_id=second, version=2, start="2027-01-18T09:00", duration=60)
        assert back.exceptions == ()

    async def test_one_class_can_be_cancelled(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        session = await stage.call("CancelSession", session_id="algebra-20270118T0900")
        assert await stage.hear("updated") == session
        assert (session.cancelled, session.version) == (False, 2)
        assert [(each.room_id, each.cancelled) for each in session.exceptions] == [("algebra-20270118T0900", True)]
        assert (await stage.call("GetSession", session_id="algebra")).state == "scheduled"
        again = {"session_id": "algebra-20270118T0900"}
        assert await refused(stage, "CancelSession", **again) == ("session_cancelled", "session_id")

    async def test_one_class_has_no_title_of_its_own(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        edit = {"session_id": "algebra-20270118T0900", "version": 1, "title": "Rings"}
        assert await refused(stage, "UpdateSession", **edit) == ("field_of_session", "title")

    async def test_a_class_cannot_be_moved_onto_another_of_the_series(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        edit = {"session_id": "algebra-20270118T0900", "version": 1, "start": "2027-01-25T08:30"}
        assert await refused(stage, "UpdateSession", **edit) == ("session_overlap", "start")

    async def test_a_new_rule_keeps_exceptions_that_it_still_has(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        await stage.call("UpdateSession", session_id="algebra-20270118T0900", version=1, start="2027-01-18T11:00")
        await stage.call("CancelSession", session_id="algebra-20270125T0900")
        longer = await stage.call("UpdateSession", session_id="algebra", version=3, recurrence="FREQ=WEEKLY;COUNT=5")
        assert [each.room_id for each in longer.exceptions] == ["algebra-20270118T0900", "algebra-20270125T0900"]
        page = await stage.call("ListSessions", session_id="algebra")
        assert [each.occurrence.starts_at.day for each in page.sessions] == [11, 18, 25, 1, 8]
        shorter = await stage.call("UpdateSession", session_id="algebra", version=4, recurrence="FREQ=WEEKLY;COUNT=1")
        assert shorter.exceptions == ()

    async def test_another_time_of_day_moves_all_classes(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        await stage.call("UpdateSession", session_id="algebra", version=1, start="2027-01-11T10:00")
        page = await stage.call("ListSessions", session_id="algebra")
        assert [each.occurrence.starts_at.hour for each in page.sessions] == [9, 9, 9]

    async def test_an_empty_rule_leaves_one_class(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        single = await stage.call("UpdateSession", session_id="algebra", version=1, recurrence="")
        assert (single.recurrence, single.occurrence.room_id) == (None, "algebra")
        assert len((await stage.call("ListSessions", session_id="algebra")).sessions) == 1

    async def test_it_is_cancelled_as_a_whole(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        session = await stage.call("CancelSession", session_id="algebra", version=1)
        assert await stage.hear("cancelled") == session
        assert (session.cancelled, session.state, session.version) == (True, "cancelled", 2)
        page = await stage.call("ListSessions", session_id="algebra")
        assert {each.state for each in page.sessions} == {"cancelled"}
        edit = {"session_id": "algebra", "version": 2, "title": "Rings"}
        assert await refused(stage, "UpdateSession", **edit) == ("session_cancelled", "session_id")


async def test_a_cancelled_class_leaves_its_time_to_others(stage: Stage) -> None:
    await stage.schedule()
    await stage.call("CancelSession", session_id="algebra")
    await stage.hear("cancelled")
    await stage.schedule(session_id="botany")


@pytest.mark.parametrize("name", ["GetSession", "CancelSession", "EndSession", "GetSessionStatus"])
async def test_what_is_unknown_is_said(stage: Stage, name: str) -> None:
    assert await refused(stage, name, session_id="nothing") == ("session_unknown", "session_id")


async def test_the_rest_interface_and_the_plugin_agree_on_routes(stage: Stage) -> None:
    match = stage.services.registry.match("PATCH", "/sessions/algebra")
    assert match.offered is not None
    assert match.offered.operation.name == "UpdateSession"
    assert SERVICE.role in match.offered.operation.roles
