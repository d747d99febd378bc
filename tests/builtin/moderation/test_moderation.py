# SPDX-License-Identifier: Apache-2.0
"""Moderators at work in real rooms, over both databases."""

import pytest
import trio
import trio.testing

from podium.core import PodiumError
from podium.plugins.moderation import plugin
from tests.builtin.host import BuiltinHost
from tests.builtin.moderation.people import ROOM, SERVICE, Somebody, audit, blocked, metric, ticket, waiter


async def test_a_mute_is_in_the_room_the_table_the_trail_and_the_metrics(host: BuiltinHost) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    ben, eve = await Somebody(host, "ben").join(), await Somebody(host, "eve", "observer").join()
    muted = await ada.call("MuteParticipant", participant_id="ann")
    assert (muted.changed, muted.participants) == (True, ("ann",))
    assert blocked(host, "ann") == ("microphone",)
    await ann.hears("TrackBlocked", participant_id="ann", source="microphone", blocked=True)
    await ben.hears("TrackBlocked", participant_id="ann", source="microphone", blocked=True)
    assert not (await ada.call("MuteParticipant", participant_id="ann")).changed
    assert metric(host, "participants_muted_total") == 1
    assert (await ada.call("MuteAll")).participants == ("ben", "eve")
    assert not (await ada.call("MuteAll")).changed
    assert metric(host, "participants_muted_total") == 3
    assert (await ada.call("UnmuteParticipant", participant_id="ann")).changed
    assert blocked(host, "ann") == ()
    asked = await ann.hears("UnmuteAsked")
    assert (asked.source, asked.asked_by) == ("microphone", "Ada")
    assert not (await ada.call("UnmuteParticipant", participant_id="ann")).changed
    assert (await ada.call("UnmuteAll")).participants == ("ben", "eve")
    assert metric(host, "participants_unmuted_total") == 3
    assert (await ada.call("AskToUnmute", participant_id="ann", source="camera")).changed
    assert (await ann.hears("UnmuteAsked")).source == "camera"
    assert ben.heard("UnmuteAsked") == [await eve.hears("UnmuteAsked")]
    # Somebody who leaves and comes back is as muted as before, and who is away can be muted.
    await ada.call("MuteParticipant", participant_id="ann", source="camera")
    assert await ada.refused("AskToUnmute", participant_id="ann", source="camera") == "participant_muted"
    assert ann.presence is not None
    ann.presence.leave()
    await ada.call("MuteParticipant", participant_id="ann", source="screen")
    assert await ada.refused("AskToUnmute", participant_id="ann") == "participant_away"
    await ann.join()
    assert blocked(host, "ann", but=()) == ("camera", "screen")
    assert await ada.refused("MuteParticipant", participant_id="zoe") == "participant_unknown"
    if "events" in host.plugins.running():
        entries = [(each.kind, each.actor_id, each.subject_id, each.details["source"]) for each in await audit(host)]
        assert entries[:4] == [
            ("ParticipantMuted", "ada", "ann", "microphone"),
            ("ParticipantMuted", "ada", "ben", "microphone"),
            ("ParticipantMuted", "ada", "eve", "microphone"),
            ("ParticipantUnmuted", "ada", "ann", "microphone"),
        ]
        assert entries[6:] == [
            ("ParticipantAskedToUnmute", "ada", "ann", "camera"),
            ("ParticipantMuted", "ada", "ann", "camera"),
            ("ParticipantMuted", "ada", "ann", "screen"),
        ]


async def test_who_may_not_is_told_why(host: BuiltinHost) -> None:
    offered = {each.operation.name for each in host.services.registry if each.owner == "moderation"}
    assert offered == plugin.operations.keys()  # none has the route of somebody else's
    ada, bob = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "bob", "assistant").join()
    ann, eve = await Somebody(host, "ann").join(), await Somebody(host, "eve", "observer").join()
    abe = await Somebody(host, "abe", grants=["moderation:mute"]).join()
    for student in (ann, eve):
        for name in ("MuteParticipant", "KickParticipant", "BanParticipant", "PromoteParticipant", "AdmitParticipant"):
            assert await student.refused(name, participant_id="abe") == "forbidden"
        assert await student.refused("EndForAll") == "forbidden"
        assert await student.refused("ListParticipants") == "forbidden"
    assert await ann.refused("LowerHand", participant_id="abe") == "forbidden"
    assert await eve.refused("RaiseHand") == "forbidden"
    assert await eve.refused("LowerHand") == "forbidden"
    assert await eve.refused("SendReaction", reaction="👍") == "forbidden"
    for name in ("BanParticipant", "PromoteParticipant", "DemoteParticipant"):
        assert await bob.refused(name, participant_id="ann") == "forbidden"
    assert await bob.refused("EndForAll") == "forbidden"
    assert await bob.refused("KickParticipant", participant_id="ada") == "target_instructs"
    assert await bob.refused("KickParticipant", participant_id="bob") == "not_oneself"
    assert await bob.refused("MuteParticipant", participant_id="ada") == "target_leads"
    assert await ada.refused("BanParticipant", participant_id="ada") == "not_oneself"
    assert await ada.refused("DemoteParticipant", participant_id="bob") == "not_promoted"
    # A grant gives the one action, with the reach of an assistant.
    assert (await abe.call("MuteParticipant", participant_id="ann")).changed
    assert await abe.refused("MuteParticipant", participant_id="ada") == "target_leads"
    assert await abe.refused("UnmuteParticipant", participant_id="ann") == "forbidden"
    # With a token alone, outside of the room, there is nothing to do; nor in another room.
    outside = Somebody(host, "outside", "assistant")
    assert await outside.refused("MuteParticipant", participant_id="ann") == "not_in_room"
    assert await outside.refused("GetModeration") == "not_in_room"
    assert await Somebody(host, "cal", "instructor", room="chess").refused("GetModeration") == "room_unknown"
    assert await Somebody(host, "cal", "instructor", room="chess").refused("LockRoom", locked=True) == "room_unknown"
    # A service is not of the room.
    assert (await host.call("MuteParticipant", SERVICE, session_id=ROOM, participant_id="ada")).changed
    with pytest.raises(PodiumError, match="instructor of the room"):
        await host.call("KickParticipant", SERVICE, session_id=ROOM, participant_id="ada")
    # Nothing that comes from outside gets any further than its field.
    for fields in (
        {"participant_id": "../ann"},
        {"participant_id": "a" * 65},
        {"participant_id": "ann", "source": "radio"},
        {"participant_id": None},
        {"participant_id": "ann", "more": 1},
    ):
        assert (await ada.refused("MuteParticipant", **fields)) in ("field_invalid", "field_unknown")
    for reason in ("a" * 201, "nul\x00", "half\ud800", "line\nline"):
        assert await ada.refused("KickParticipant", participant_id="ann", reason=reason) == "field_invalid"
    assert await ann.refused("SendReaction", reaction="<b>") == "reaction_unknown"
    assert await ann.refused("SendReaction", reaction="x" * 17) == "field_invalid"


async def test_who_is_kicked_or_banned_cannot_return_until_readmitted(host: BuiltinHost) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    bob, ben = await Somebody(host, "bob", "assistant").join(), await Somebody(host, "ben").join()
    token = await ticket(host, "ann", "student")
    await host.services.identities.authenticate(token)
    await ann.call("RaiseHand")
    await ada.call("SpotlightParticipant", participant_id="ann")
    kicked = await bob.call("KickParticipant", participant_id="ann", reason="noise")
    assert kicked.participants == ("ann",)
    assert ann.gone == "kicked"
    assert await ann.refusal() == "kicked"
    with pytest.raises(PodiumError) as void:
        await host.services.identities.authenticate(token)
    assert (void.value.code, "noise" in void.value.message) == ("kicked", True)
    assert (await ben.hears("SpotlightChanged", participant_id=None)).source == "camera"
    await ben.hears("HandsChanged", hands=())
    assert not (await ada.call("KickParticipant", participant_id="ann")).changed
    for name in ("AdmitParticipant", "PromoteParticipant"):
        assert await ada.refused(name, participant_id="ann") == "participant_excluded"
    assert (await bob.call("ReadmitParticipant", participant_id="ann")).changed
    assert not (await bob.call("ReadmitParticipant", participant_id="ann")).changed
    await host.services.identities.authenticate(token)
    assert len(ada.heard("ExcludedChanged")) == 2  # one for each change, whoever made it, and none for repetitions
    assert ben.heard("ExcludedChanged") == []
    await ann.join()
    # A ban is for instructors, and can be given to somebody who is away.
    assert ben.presence is not None
    ben.presence.leave()
    assert (await ada.call("BanParticipant", participant_id="ben", reason="spam")).changed
    assert (await ada.call("BanParticipant", participant_id="ann")).changed
    assert not (await ada.call("BanParticipant", participant_id="ann")).changed
    assert ann.gone == "banned"
    assert await ann.refusal() == await ben.refusal() == "banned"
    assert await bob.refused("ReadmitParticipant", participant_id="ben") == "forbidden"
    listed = await ada.call("ListParticipants")
    assert [(each.participant_id, each.kicked, each.banned, each.reason) for each in listed.excluded] == [
        ("ann", False, True, ""),
        ("ben", False, True, "spam"),
    ]
    assert [each.participant_id for each in listed.present] == ["ada", "bob"]
    assert (await ada.call("ReadmitParticipant", participant_id="ben")).changed
    await ben.join()
    assert await ada.refused("ReadmitParticipant", participant_id="zoe") == "participant_unknown"
    assert await ada.refused("KickParticipant", participant_id="zoe") == "participant_unknown"
    if "events" in host.plugins.running():
        assert [
            (each.kind, each.actor_id, each.subject_id, each.details.get("reason"))
            for each in await audit(host, "ParticipantKicked", "ParticipantBanned", "ParticipantReadmitted")
        ] == [
            ("ParticipantKicked", "bob", "ann", "noise"),
            ("ParticipantReadmitted", "bob", "ann", None),
            ("ParticipantBanned", "ada", "ben", "spam"),
            ("ParticipantBanned", "ada", "ann", ""),
            ("ParticipantReadmitted", "ada", "ben", None),
        ]


async def test_a_locked_room_takes_nobody_new(host: BuiltinHost) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    assert (await ada.call("LockRoom", locked=True)).changed
    assert not (await ada.call("LockRoom", locked=True)).changed
    assert (await ann.hears("ModerationChanged")).locked
    assert await Somebody(host, "ben").refusal() == "room_locked"
    await Somebody(host, "bob", "assistant").join()
    assert ann.presence is not None
    ann.presence.leave()
    await ann.join()
    assert (await ann.call("GetModeration")).locked
    assert (await ada.call("LockRoom", locked=False)).changed
    await Somebody(host, "ben").join()


async def test_the_waiting_room(host: BuiltinHost) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    assert (await ada.call("SetWaitingRoom", enabled=True)).changed
    assert not (await ada.call("SetWaitingRoom", enabled=True)).changed
    async with trio.open_nursery() as nursery:
        ben = await waiter(nursery, Somebody(host, "ben"))
        cal = await waiter(nursery, Somebody(host, "cal"))
        dan = await waiter(nursery, Somebody(host, "dan", "observer"))
        told = await ada.sees_waiting(ben=True, cal=True, dan=True)
        assert [each.display_name for each in told.waiting] == ["Ben", "Cal", "Dan"]
        assert ann.heard("WaitingChanged") == []
        # Who waits has nothing of the class.
        assert [each.participant_id for each in host.rooms.participants(ROOM)] == ["ada", "ann"]
        assert await ben.person.refused("GetModeration") == "not_in_room"
        assert await ben.person.refused("RaiseHand") == "not_in_room"
        assert (await ann.call("GetModeration")).waiting is None
        assert await ada.refused("PromoteParticipant", participant_id="ben") == "participant_waiting"
        assert (await ada.call("AdmitParticipant", participant_id="cal")).participants == ("cal",)
        assert await cal.result() == "in"
        assert not (await ada.call("AdmitParticipant", participant_id="cal")).changed
        assert (await ada.call("RefuseParticipant", participant_id="dan", reason="full")).changed
        assert await dan.result() == "refused"
        assert not (await ada.call("RefuseParticipant", participant_id="dan")).changed
        assert await dan.person.refusal() == "refused"
        assert await ada.refused("RefuseParticipant", participant_id="cal") == "participant_present"
        assert await ada.refused("AdmitParticipant", participant_id="zoe") == "participant_unknown"
        # Who was admitted, or in before, does not wait again; who was refused may be admitted after all.
        assert cal.person.presence is not None
        cal.person.presence.leave()
        await cal.person.join()
        await ada.call("AdmitParticipant", participant_id="dan")
        await dan.person.join()
        assert await Somebody(host, "eve").refusal() == "waiting"  # they cannot wait, and so are not told to
        # Kicked while waiting; and whoever waits when the waiting room ends comes in.
        fay = await waiter(nursery, Somebody(host, "fay"))
        assert (await ada.call("KickParticipant", participant_id="fay")).changed
        assert await fay.result() == "kicked"
        assert (await ada.call("SetWaitingRoom", enabled=False)).participants == ()
        assert await ben.result() == "in"
        assert (await ada.call("GetModeration")).waiting == ()
        # All at once.
        await ada.call("SetWaitingRoom", enabled=True)
        gus, hal = await waiter(nursery, Somebody(host, "gus")), await waiter(nursery, Somebody(host, "hal"))
        assert (await ada.call("AdmitAll")).participants == ("gus", "hal")
        assert not (await ada.call("AdmitAll")).changed
        assert await gus.result() == await hal.result() == "in"
        ida, joe = await waiter(nursery, Somebody(host, "ida")), await waiter(nursery, Somebody(host, "joe"))
        assert (await ada.call("RefuseAll", reason="too late")).participants == ("ida", "joe")
        assert not (await ada.call("RefuseAll")).changed
        assert await ida.result() == await joe.result() == "refused"


async def test_roles_spotlight_hands_and_reactions(host: BuiltinHost) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    ben, eve = await Somebody(host, "ben").join(), await Somebody(host, "eve", "observer").join()
    # Roles
    assert (await ada.call("PromoteParticipant", participant_id="eve")).changed
    await ben.hears("RoleChanged", participant_id="eve", role="assistant")
    assert not (await ada.call("PromoteParticipant", participant_id="eve")).changed
    assert (await eve.call("MuteParticipant", participant_id="ben")).changed
    assert await ada.refused("PromoteParticipant", participant_id="ada") == "not_oneself"
    assert eve.presence is not None
    eve.presence.leave()
    await eve.join()
    assert eve.role_now() == "assistant"
    token = await ticket(host, "eve", "observer")
    assert (await host.services.identities.authenticate(token)).role == "assistant"
    assert "kick" in (await eve.call("GetModeration")).may
    await eve.call("RaiseHand")
    assert (await ada.call("DemoteParticipant", participant_id="eve")).changed
    assert not (await ada.call("DemoteParticipant", participant_id="eve")).changed
    assert eve.role_now() == "observer"
    assert (await eve.call("GetModeration")).may == ()
    # Spotlight
    assert (await ada.call("SpotlightParticipant", participant_id="ann")).changed
    assert not (await ada.call("SpotlightParticipant", participant_id="ann")).changed
    assert (await ben.hears("SpotlightChanged")).participant_id == "ann"
    spotlight = (await ben.call("GetModeration")).spotlight
    assert (spotlight.participant_id, spotlight.source) == ("ann", "camera")
    assert await ada.refused("SpotlightParticipant", participant_id="zoe") == "participant_unknown"
    assert await ada.refused("SpotlightParticipant") == "field_missing"
    assert (await ada.call("SpotlightParticipant", participant_id=None)).changed
    assert not (await ada.call("SpotlightParticipant", participant_id=None)).changed
    # Hands
    for person in (ben, ann):
        assert (await person.call("RaiseHand")).changed
        assert not (await person.call("RaiseHand")).changed
    await ada.sees_hands("ben", "ann")
    assert (await ben.call("LowerHand")).changed
    assert not (await ben.call("LowerHand")).changed
    assert (await ada.call("LowerHand", participant_id="ann")).participants == ("ann",)
    await ben.call("RaiseHand")
    assert (await ada.call("LowerAllHands")).participants == ("ben",)
    assert not (await ada.call("LowerAllHands")).changed
    # Reactions
    for _ in range(5):
        await ann.call("SendReaction", reaction="👏")
    assert (await ben.hears("ReactionSent")).reaction == "👏"
    assert await ann.refused("SendReaction", reaction="👏") == "too_many_reactions"
    await ben.call("SendReaction", reaction="👏")
    # Lists
    listed = await ada.call("ListParticipants")
    assert [(each.participant_id, each.role, each.blocked) for each in listed.present] == [
        ("ada", "instructor", ()),
        ("ann", "student", ()),
        ("ben", "student", ("microphone",)),
        ("eve", "observer", ()),
    ]
    assert (await ben.call("GetModeration")).blocked == ("microphone",)
    assert ann.presence is not None
    ann.presence.leave()
    assert [each.participant_id for each in (await ada.call("ListParticipants")).away] == ["ann"]
    # The end; what was kept of the class goes with it.
    assert (await ada.call("EndForAll")).changed
    assert (ada.gone, ben.gone) == ("ended", "ended")
    assert not (await ada.call("EndForAll")).changed
    await trio.testing.wait_all_tasks_blocked()


async def test_who_comes_by_the_id_of_an_assistant_alone_is_none(host: BuiltinHost) -> None:
    """Ids are no secret. In an ad-hoc room anybody can come with any of them; only a token proves it."""
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    await ada.call("PromoteParticipant", participant_id="ann")
    assert ann.role_now() == "assistant"
    eve = await host.rooms.join(ROOM, "ann", "Eve", "student", wished=True, proven=False)
    await ada.hears("ParticipantJoined")
    assert (ann.gone, eve.role) == ("replaced", "student")
    await ada.call("LockRoom", locked=True)  # behind whatever follows from joining
    assert eve.role == "student"
    ann = await ann.join()
    assert ann.role_now() == "assistant"
