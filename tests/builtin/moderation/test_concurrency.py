# SPDX-License-Identifier: Apache-2.0
"""Two moderators at once: what browsers were told last, the table and the room are one and the same."""

from datetime import datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing
from sqlalchemy.orm import Session

from podium.core import ClientConfiguration, DatabaseError, ParticipantView
from podium.plugins.moderation import store
from podium.plugins.moderation.desk import desk_of
from tests.builtin.host import BuiltinHost
from tests.builtin.moderation.people import ROOM, Somebody, blocked, metric

ROUNDS = 10


async def test_of_two_commands_one_comes_last_for_everybody(host: BuiltinHost) -> None:
    ada, bob = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "bob", "assistant").join()
    ann, ben = await Somebody(host, "ann").join(), await Somebody(host, "ben").join()
    desk = desk_of(host.context("moderation"))
    for number in range(ROUNDS):
        first, second = (ada, bob) if number % 2 else (bob, ada)
        async with trio.open_nursery() as nursery:
            for person, name in ((first, "MuteParticipant"), (second, "UnmuteParticipant"), (first, "MuteAll")):
                nursery.start_soon(call, person, name, "ann" if name != "MuteAll" else None)
            nursery.start_soon(lock, first, bool(number % 2))
            nursery.start_soon(lock, second, not number % 2)
        kept = await desk.database.read(read, desk.now())
        muted = {each.participant_id: set(each.muted) for each in kept.people}
        assert set(blocked(host, "ann")) == muted["ann"]
        assert (ann.heard("TrackBlocked") or [None])[-1] == (ben.heard("TrackBlocked") or [None])[-1]
        told = [each.blocked for each in ben.heard("TrackBlocked") if each.participant_id == "ann"]
        assert told[-1:] in ([], [bool(muted["ann"])])
        locks = [each.locked for each in ann.heard("ModerationChanged")]
        assert locks[-1] == kept.settings.locked == (await ada.call("GetModeration")).locked
        # Whatever was told was a change.
        assert all(one != other for one, other in pairwise(locks))
    changes = metric(host, "participants_muted_total") - metric(host, "participants_unmuted_total")
    assert changes == sum(bool(blocked(host, name)) for name in ("ann", "ben"))


async def test_what_cannot_be_written_does_not_happen(host: BuiltinHost, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    await trio.testing.wait_all_tasks_blocked()
    desk = desk_of(host.context("moderation"))
    await ada.call("MuteParticipant", participant_id="ann", source="camera")

    async def away(*_arguments: object) -> None:
        await trio.lowlevel.checkpoint()
        raise DatabaseError("database_unavailable", "the database cannot be reached")

    with monkeypatch.context() as patched:
        patched.setattr(desk, "database", SimpleNamespace(run=away, read=away))
        assert await ada.refused("MuteParticipant", participant_id="ann") == "database_unavailable"
        assert await ada.refused("KickParticipant", participant_id="ann") == "database_unavailable"
        assert await ada.refused("LockRoom", locked=True) == "database_unavailable"
        # What is known goes on: who is muted, who may come in, and in which role.
        assert (await ada.call("GetModeration")).locked is False
        assert ann.presence is not None
        ann.presence.leave()
        await ann.join()
        # Of a class that is not known nobody can say whom it lets in.
        assert await Somebody(host, "ben", room="chess").refusal() == "undecided"
    assert blocked(host, "ann") == ("camera",)
    assert metric(host, "participants_muted_total") == 1


async def test_a_caller_who_goes_away_leaves_nothing_half_done(
    host: BuiltinHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    await trio.testing.wait_all_tasks_blocked()
    desk = desk_of(host.context("moderation"))
    database, scope = desk.database, trio.CancelScope()

    async def run(*arguments: Any) -> Any:
        with trio.CancelScope(shield=True):
            result = await database.run(*arguments)
        scope.cancel()  # the commit is done; the next checkpoint ends the call
        return result

    with monkeypatch.context() as patched, scope:
        patched.setattr(desk, "database", SimpleNamespace(run=run, read=database.read))
        await ada.call("KickParticipant", participant_id="ann")
        await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert ann.gone == "kicked"
    assert await ann.refusal() == "kicked"


async def test_who_was_demoted_meanwhile_does_it_no_more(host: BuiltinHost) -> None:
    ada, eve = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "eve").join()
    await Somebody(host, "ann").join()
    await ada.call("PromoteParticipant", participant_id="eve")
    desk, refused = desk_of(host.context("moderation")), trio.Event()

    async def kick() -> None:
        assert await eve.refused("KickParticipant", participant_id="ann") == "forbidden"
        refused.set()

    # The class is busy: the demotion comes first in line, the kick after it.
    async with trio.open_nursery() as nursery, desk.room(ROOM):
        nursery.start_soon(call, ada, "DemoteParticipant", "eve")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(kick)
        await trio.testing.wait_all_tasks_blocked()
    assert refused.is_set()
    assert eve.role_now() == "student"
    assert len(host.rooms.participants(ROOM)) == 3


async def test_who_comes_back_while_being_demoted_or_kicked_is(
    host: BuiltinHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, eve = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "eve").join()
    ann = await Somebody(host, "ann").join()
    await ada.call("PromoteParticipant", participant_id="eve")
    for person in (ann, eve):
        assert person.presence is not None
        person.presence.leave()
    configured = host.plugins.hooks.client_configuration

    async def meanwhile(participant: ParticipantView, **values: Any) -> ClientConfiguration:
        """They have been asked about, and are not in the room yet."""
        what = "DemoteParticipant" if participant.participant_id == "eve" else "KickParticipant"
        await ada.call(what, participant_id=participant.participant_id)
        return await configured(participant=participant, **values)

    with monkeypatch.context() as patched:
        patched.setattr(host.plugins.hooks, "client_configuration", meanwhile)
        await eve.join()
        await ann.join()
    await ada.hears("RoleChanged", participant_id="eve", role="student")
    await ada.hears("ParticipantLeft", participant_id="ann", reason="kicked")
    assert eve.role_now() == "student"
    assert ann.gone == "kicked"
    assert not (await ada.call("DemoteParticipant", participant_id="eve")).changed


async def call(person: Somebody, name: str, participant_id: str | None) -> None:
    await person.call(name, **({"participant_id": participant_id} if participant_id else {}))


async def lock(person: Somebody, locked: bool) -> None:
    await person.call("LockRoom", locked=locked)


def read(session: Session, now: datetime) -> store.Kept:
    return store.load(session, ROOM, None, now)
