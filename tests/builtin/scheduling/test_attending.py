# SPDX-License-Identifier: Apache-2.0
"""Coming to class: the waiting page's questions, the way in, and the door of the room."""

from typing import Any

import jwt
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from podium.core import Caller, ClientConfiguration, IceServer, ParticipantView, PodiumError, RoomView, Veto, Wait
from tests.builtin.scheduling.stage import ADA, ANN, ANONYMOUS, EPOCH, SERVICE, SETTINGS, Stage, open_stage

WEEKLY = "FREQ=WEEKLY;COUNT=3"


async def refused(stage: Stage, name: str, caller: Caller = ANONYMOUS, **values: object) -> str:
    with pytest.raises(PodiumError) as caught:
        await stage.call(name, caller, **values)
    return caught.value.code


async def join(stage: Stage, email: str = "ann@example.org", session_id: str = "algebra") -> str:
    """What comes of it: `ok` or the code of the refusal."""
    invitation = await stage.invitation(email, session_id)
    try:
        await stage.call("JoinSession", ANONYMOUS, session_id=session_id, invitation=invitation)
    except PodiumError as error:
        return error.code
    return "ok"


async def test_a_student_comes_in_from_ten_minutes_before(stage: Stage) -> None:
    await stage.schedule()
    stage.move_to(49)
    assert await join(stage) == "too_early"
    stage.move_to(50)
    assert await join(stage) == "ok"


async def test_the_second_at_which_it_opens_is_said(stage: Stage) -> None:
    await stage.schedule()
    invitation = await stage.invitation("ann@example.org")
    stage.move_to(49.99)
    with pytest.raises(PodiumError, match=r"opens at 2027-01-11T07:50:00Z, in 1 seconds"):
        await stage.call("JoinSession", ANONYMOUS, session_id="algebra", invitation=invitation)
    status = await stage.call("GetSessionStatus", ANONYMOUS, session_id="algebra", invitation=invitation)
    assert (status.can_join, status.refusal, status.opens_in) == (False, "too_early", 1)
    assert (status.opens_at - EPOCH).total_seconds() == 50 * 60
    assert status.server_now == stage.time.now
    assert (status.title, status.instructor, status.display_name, status.role) == ("Algebra", "Ada", "Ann", "student")


async def test_an_instructor_comes_in_from_thirty_minutes_before(stage: Stage) -> None:
    await stage.schedule()
    stage.move_to(29)
    assert await join(stage, "ada@example.org") == "too_early"
    stage.move_to(30)
    assert await join(stage, "ada@example.org") == "ok"


async def test_the_answer_is_all_that_a_browser_needs(stage: Stage) -> None:
    await stage.schedule()
    invitation = await stage.invitation("ada@example.org")
    stage.move_to(50)
    entry = await stage.call("JoinSession", ANONYMOUS, session_id="algebra", invitation=invitation)
    caller = await stage.identities.authenticate(entry.token)
    assert (caller.session_id, caller.role, caller.subject) == ("algebra", "instructor", entry.participant_id)
    assert (caller.display_name, entry.display_name) == ("Ada", "Ada")
    assert (entry.path, entry.signaling_path) == (f"/room/algebra?token={entry.token}", "/signal")
    assert entry.expires_in == (60 + 60 + 15 - 50) * 60
    claims = jwt.decode(entry.token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == entry.expires_in
    assert {"EndSession", "UpdateSession"} <= set(entry.permissions)
    student = await stage.invitation("ann@example.org")
    entry = await stage.call("JoinSession", ANONYMOUS, session_id="algebra", invitation=student)
    assert not {"EndSession", "UpdateSession", "ScheduleSession"} & set(entry.permissions)


async def test_ice_servers_are_those_of_the_settings(tmp_path: object, database_url: str) -> None:
    text = SETTINGS.replace("invitation_key", 'ice_servers = ["stun:stun.example.org:3478"]\ninvitation_key')
    async with open_stage(tmp_path, database_url, text=text) as stage:  # type: ignore[arg-type]  # a Path
        await stage.schedule()
        stage.move_to(50)
        invitation = await stage.invitation("ann@example.org")
        entry = await stage.call("JoinSession", ANONYMOUS, session_id="algebra", invitation=invitation)
        assert [server.urls for server in entry.ice_servers] == [("stun:stun.example.org:3478",)]
        others = ClientConfiguration(ice_servers=(IceServer(urls=("stun:other.example.org",)),))
        room, ann = (
            RoomView(session_id="algebra"),
            ParticipantView(participant_id="a", display_name="A", role="student"),
        )
        told = await stage.plugins.hooks.client_configuration(configuration=others, room=room, participant=ann)
        assert told.ice_servers == (*others.ice_servers, *entry.ice_servers)


async def test_a_service_lets_somebody_in_by_their_id(stage: Stage) -> None:
    session = (await stage.schedule()).session
    ann = session.participants[0].participant_id
    stage.move_to(50)
    assert (await stage.call("JoinSession", SERVICE, session_id="algebra", participant_id=ann)).participant_id == ann
    assert (
        await refused(stage, "JoinSession", SERVICE, session_id="algebra", participant_id="x") == "participant_unknown"
    )
    assert await refused(stage, "JoinSession", SERVICE, session_id="algebra") == "forbidden"
    assert await refused(stage, "JoinSession", session_id="algebra", participant_id=ann) == "session_unknown"


async def test_a_full_class_refuses_all_but_instructors_and_those_inside(stage: Stage) -> None:
    session = (await stage.schedule(capacity=1)).session
    ann, bob = (each.participant_id for each in session.participants)
    stage.move_to(50)
    assert await stage.enter("algebra", "ada", "instructor") is None
    assert await join(stage, "bob@example.org") == "ok"
    assert await stage.enter("algebra", ann) is None
    assert await join(stage, "bob@example.org") == "session_full"
    assert await join(stage, "ann@example.org") == "ok"
    assert await join(stage, "ada@example.org") == "ok"
    assert isinstance(veto := await stage.enter("algebra", bob), Veto)
    assert veto.code == "session_full"
    assert await stage.enter("algebra", ann) is None


async def test_the_last_place_is_given_once(stage: Stage) -> None:
    await stage.schedule(capacity=1)
    stage.move_to(50)
    vetoes: list[Veto | Wait | None] = []

    async def ask(name: str) -> None:
        hooks = stage.plugins.hooks
        person = ParticipantView(participant_id=name, display_name=name, role="student")
        vetoes.append(await hooks.participant_joining(room=RoomView(session_id="algebra"), participant=person))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, "ann")
        nursery.start_soon(ask, "bob")
    assert [veto is None for veto in vetoes].count(True) == 1
    stage.move_to(51)  # whoever got it did not come
    assert await stage.enter("algebra", "carl") is None


@pytest.mark.parametrize("role", ["student", "assistant", "observer", "instructor"])
async def test_the_door_refuses_a_valid_token_outside_of_the_window(stage: Stage, role: str) -> None:
    await stage.schedule()
    stage.move_to(29)
    early = await stage.enter("algebra", "ann", role)
    assert early is not None
    assert early.code == "too_early"
    stage.move_to(49)
    assert (await stage.enter("algebra", "bob", role) is None) == (role == "instructor")
    stage.move_to(135)
    late = await stage.enter("algebra", "carl", role)
    assert late is not None
    assert late.code == "session_over"


async def test_rooms_of_no_session_are_left_alone(stage: Stage) -> None:
    await stage.schedule()
    assert await stage.enter("somewhere-else", "ann") is None


async def test_a_cancelled_class_is_told_from_one_that_is_over(stage: Stage) -> None:
    await stage.schedule()
    await stage.schedule(session_id="botany", force=True)
    await stage.call("CancelSession", session_id="algebra")
    assert await join(stage) == "session_cancelled"
    stage.move_to(200)
    assert await join(stage) == "session_cancelled"
    assert await join(stage, session_id="botany") == "session_over"


async def test_strangers_learn_nothing(stage: Stage) -> None:
    await stage.schedule()
    for name in ("JoinSession", "GetSessionStatus"):
        for invitation in ("", ".", "x", "ann.y", "\ud800.x", "\0.x", "\udfff", "a" * 128):
            assert await refused(stage, name, session_id="algebra", invitation=invitation) == "session_unknown"
            assert await refused(stage, name, session_id="nothing", invitation=invitation) == "session_unknown"
        assert await refused(stage, name, session_id="algebra") == "session_unknown"


async def test_an_invitation_is_for_one_session(stage: Stage) -> None:
    await stage.schedule()
    people = [ANN | {"participant_id": "ann"}]
    await stage.schedule(session_id="botany", force=True, participants=people)
    await stage.schedule(session_id="chemistry", force=True, participants=people)
    invitation = await stage.invitation("ann@example.org", "botany")
    assert (await stage.call("GetSessionStatus", ANONYMOUS, session_id="botany", invitation=invitation)).title
    assert await refused(stage, "GetSessionStatus", session_id="chemistry", invitation=invitation) == "session_unknown"


class TestASeries:
    async def test_one_link_leads_to_the_class_that_is_next(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        invitation = await stage.invitation("ann@example.org")
        stage.move_to(50)
        entry = await stage.call("JoinSession", ANONYMOUS, session_id="algebra", invitation=invitation)
        assert entry.session_id == "algebra-20270111T0900"
        assert await stage.enter(entry.session_id, entry.participant_id) is None
        assert (await stage.hear("opened")).occurrence.room_id == entry.session_id
        await stage.hear("live")
        stage.move_to(135)
        await stage.hear("ended")
        status = await stage.call("GetSessionStatus", ANONYMOUS, session_id="algebra", invitation=invitation)
        assert (status.occurrence, status.state, status.refusal) == ("algebra-20270118T0900", "scheduled", "too_early")
        assert status.opens_in == 7 * 86_400 - (135 - 50) * 60

    async def test_a_class_of_it_can_be_named(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        invitation = await stage.invitation("ann@example.org")
        named = {"session_id": "algebra-20270125T0900", "invitation": invitation}
        status = await stage.call("GetSessionStatus", ANONYMOUS, **named)
        assert status.occurrence == "algebra-20270125T0900"

    async def test_its_own_id_is_no_room(self, stage: Stage) -> None:
        await stage.schedule(recurrence=WEEKLY)
        stage.move_to(50)
        veto = await stage.enter("algebra", "ann")
        assert veto is not None
        assert veto.code == "session_recurring"


async def test_leaving_takes_one_out_of_the_room(stage: Stage) -> None:
    await stage.schedule()
    stage.move_to(50)
    await stage.enter("algebra", "ann")
    ann = Caller(role="student", subject="ann", session_id="algebra")
    assert (await stage.call("LeaveSession", ann, session_id="algebra")).was_inside
    assert stage.rooms.sent_away == [("algebra", "ann", "left")]
    assert not (await stage.call("LeaveSession", ann, session_id="algebra")).was_inside
    assert await refused(stage, "LeaveSession", ann, session_id="botany") == "forbidden"


class TestWatching:
    async def test_an_edit_wakes_a_page(self, stage: Stage) -> None:
        await stage.schedule()
        watch = await watching(stage)
        answers: list[str] = []

        async def wait() -> None:
            status = await stage.call("WatchSession", ANONYMOUS, **watch)
            answers.append(f"{status.version} {status.title}")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await until_watched(stage)
            await stage.call("UpdateSession", session_id="algebra", version=1, title="Groups")
        assert answers == ["2 Groups"]

    async def test_opening_wakes_a_page(self, stage: Stage) -> None:
        await stage.schedule()
        watch = await watching(stage)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(open_later, stage)
            status = await stage.call("WatchSession", ANONYMOUS, **watch)
        assert (status.state, status.can_join) == ("open", True)

    async def test_what_is_news_already_is_told_at_once(self, stage: Stage) -> None:
        await stage.schedule()
        watch = await watching(stage)
        await stage.call("CancelSession", session_id="algebra")
        status = await stage.call("WatchSession", ANONYMOUS, **watch)
        assert (status.state, status.refusal) == ("cancelled", "session_cancelled")

    async def test_one_person_waits_in_few_tabs(self, stage: Stage) -> None:
        await stage.schedule()
        watch = await watching(stage)
        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(lambda: stage.call("WatchSession", ANONYMOUS, **watch))
                await until_watched(stage, number + 1)
            assert await refused(stage, "WatchSession", **watch) == "too_many_watches"
            nursery.cancel_scope.cancel()

    async def test_a_link_that_ended_is_told(self, stage: Stage) -> None:
        await stage.schedule()
        watch = await watching(stage)
        codes: list[str] = []

        async def wait() -> None:
            codes.append(await refused(stage, "WatchSession", **watch))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await until_watched(stage)
            await stage.call("UpdateSession", session_id="algebra", version=1, participants=[])
        assert codes == ["session_unknown"]


async def watching(stage: Stage) -> dict[str, Any]:
    """What a page of Ann's asks when it knows how things stand."""
    invitation = await stage.invitation("ann@example.org")
    status = await stage.call("GetSessionStatus", ANONYMOUS, session_id="algebra", invitation=invitation)
    known = {"version": status.version, "state": status.state, "occurrence": status.occurrence}
    return {"session_id": "algebra", "invitation": invitation, **known}


async def until_watched(stage: Stage, count: int = 1) -> None:
    while len(stage.desk.watchers) < count:
        await trio.lowlevel.checkpoint()


async def open_later(stage: Stage) -> None:
    await until_watched(stage)
    stage.move_to(50)


async def test_instructors_are_those_of_the_session(stage: Stage) -> None:
    await stage.schedule(recurrence=WEEKLY)
    edit = {"session_id": "algebra", "version": 1, "title": "Groups"}
    for session_id in ("botany", "algebra-2", "algebra-20270111T090", "algebr"):
        assert await refused(stage, "UpdateSession", teacher(session_id), **edit) == "forbidden"
    assert (await stage.call("UpdateSession", teacher("algebra-20270111T0900"), **edit)).title == "Groups"
    assert await refused(stage, "UpdateSession", teacher("algebra", "student"), **edit) == "forbidden"


async def test_a_grant_is_as_good_as_a_service(stage: Stage) -> None:
    await stage.schedule()
    caller = teacher("botany", "student", frozenset({"sessions:write"}))
    assert (await stage.call("GetSession", caller, session_id="algebra")).instructor.email == ADA["email"]
    assert (await stage.call("CancelSession", caller, session_id="algebra")).cancelled
    reader = teacher("botany", "student", frozenset({"sessions:read"}))
    assert (await stage.call("ListSessions", reader)).sessions
    assert await refused(stage, "CancelSession", reader, session_id="algebra") == "forbidden"


def teacher(session_id: str, role: str = "instructor", grants: frozenset[str] = frozenset()) -> Caller:
    return Caller(role=role, subject="x", session_id=session_id, grants=grants)  # type: ignore[arg-type]  # a role


async def test_whoever_another_plugin_lets_wait_or_refuses_has_no_place(stage: Stage) -> None:
    await stage.schedule(capacity=1)
    stage.move_to(50)
    hooks, room = stage.plugins.hooks, RoomView(session_id="algebra")
    ann, bob = (ParticipantView(participant_id=name, display_name=name, role="student") for name in ("ann", "bob"))
    assert await hooks.participant_joining(room=room, participant=ann) is None
    assert isinstance(await hooks.participant_joining(room=room, participant=bob), Veto)
    hooks.participant_waiting(room=room, participant=ann)
    await wait_all_tasks_blocked()
    assert await hooks.participant_joining(room=room, participant=bob) is None
    hooks.join_refused(room=room, participant=bob, code="banned", message="")
    await wait_all_tasks_blocked()
    assert await stage.enter("algebra", "ann") is None


@pytest.mark.parametrize("somebody", [True, False])
async def test_nobody_waits_for_a_class_that_is_cancelled(
    stage: Stage, somebody: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = ParticipantView(participant_id="ann", display_name="Ann", role="student")
    monkeypatch.setattr(stage.rooms, "waiting", lambda session_id: (ann,) if somebody else ())
    await stage.schedule()
    stage.move_to(50)
    await stage.call("CancelSession", session_id="algebra")
    assert stage.rooms.ended == ([("algebra", "cancelled")] if somebody else [])
