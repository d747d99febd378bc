# SPDX-License-Identifier: Apache-2.0
"""The host, or the plugin alone, stops in the middle of a class: everything is as before when it is back."""

import trio
import trio.testing

from podium.plugins.moderation.desk import ABSENCE, desk_of
from podium.plugins.moderation.giving_up import give_up_in
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost
from tests.builtin.moderation.people import ROOM, SERVICE, Somebody, blocked, metric, waiter


async def test_a_class_is_as_before_after_the_host_restarts(start_host: StartHost) -> None:
    async with start_host() as host, trio.open_nursery() as nursery:
        ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
        ben, eve = await Somebody(host, "ben").join(), await Somebody(host, "eve", "observer").join()
        await Somebody(host, "kim").join()
        await Somebody(host, "may").join()
        await ada.call("SetWaitingRoom", enabled=True)
        await waiter(nursery, Somebody(host, "wes"))
        await waiter(nursery, Somebody(host, "pam"))
        ron = await waiter(nursery, Somebody(host, "ron"))
        ida = await waiter(nursery, Somebody(host, "ida"))
        await ada.call("RefuseParticipant", participant_id="ron")
        await ada.call("AdmitParticipant", participant_id="ida")
        assert (await ron.result(), await ida.result()) == ("refused", "in")
        await ada.call("LockRoom", locked=True)
        await ada.call("MuteParticipant", participant_id="ben")
        await ada.call("MuteParticipant", participant_id="ben", source="camera")
        await ada.call("PromoteParticipant", participant_id="eve")
        await ada.call("SpotlightParticipant", participant_id="ann", source="screen")
        await ada.call("KickParticipant", participant_id="kim")
        await ada.call("BanParticipant", participant_id="may")
        await ben.call("RaiseHand")
        await ann.call("RaiseHand")
        before = await ada.call("GetModeration")
        nursery.cancel_scope.cancel()

    async with start_host() as host, trio.open_nursery() as nursery:
        # Those who wait come back before anybody leads the class; nothing has opened for them meanwhile.
        pam = await waiter(nursery, Somebody(host, "pam"))
        ada = await Somebody(host, "ada", "instructor").join()
        ann, ben, eve = Somebody(host, "ann"), Somebody(host, "ben"), Somebody(host, "eve", "observer")
        for person in (eve, ben, ann, Somebody(host, "ida")):
            await person.join()
        assert set(blocked(host, "ben")) == {"microphone", "camera"}
        assert eve.role_now() == "assistant"
        for name, code in {"kim": "kicked", "may": "banned", "ron": "refused", "new": "room_locked"}.items():
            assert await Somebody(host, name).refusal() == code
        after = await ada.call("GetModeration")
        assert [(each.participant_id, each.connected) for each in after.waiting] == [("wes", False), ("pam", True)]
        assert [each.since for each in after.waiting] == [each.since for each in before.waiting]
        assert (after.locked, after.waiting_room, after.spotlight) == (True, True, before.spotlight)
        assert (after.hands, after.excluded) == (before.hands, before.excluded)
        assert [each.participant_id for each in after.hands] == ["ben", "ann"]
        # What was muted before is not counted again, and can be undone.
        assert metric(host, "participants_muted_total") == 0
        assert (await ada.call("UnmuteParticipant", participant_id="ben")).changed
        assert (await ada.call("DemoteParticipant", participant_id="eve")).changed
        assert eve.role_now() == "observer"
        assert (await ada.call("AdmitParticipant", participant_id="wes")).changed  # they walk in when they come back
        await Somebody(host, "wes").join()
        assert not pam.over.is_set()
        nursery.cancel_scope.cancel()


async def test_the_plugin_alone_may_stop_and_start(host: BuiltinHost) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    ben, kim = await Somebody(host, "ben").join(), await Somebody(host, "kim").join()
    await ada.call("MuteParticipant", participant_id="ann")
    await ada.call("PromoteParticipant", participant_id="ben")
    await ada.call("KickParticipant", participant_id="kim")
    await host.plugins.disable("moderation")
    assert blocked(host, "ann") == ()
    await kim.join()  # nobody keeps them out now
    assert ben.presence is not None
    ben.presence.leave()
    await ben.join()
    await Somebody(host, "new").join()
    assert ben.role_now() == "student"
    await host.plugins.enable("moderation")
    assert blocked(host, "ann") == ("microphone",)
    assert kim.gone == "kicked"
    assert ben.role_now() == "assistant"
    assert ann.gone is None
    await ada.call("LockRoom", locked=True)
    await Somebody(host, "new").join()  # they have been in


async def test_who_goes_away_is_given_up_after_a_while(host: BuiltinHost) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    await ada.call("SetWaitingRoom", enabled=True)
    await ann.call("RaiseHand")
    desk = desk_of(host.context("moderation"))
    state = await desk.known(ROOM)
    async with trio.open_nursery() as nursery:
        pam = await waiter(nursery, Somebody(host, "pam"))
        wes = await waiter(nursery, Somebody(host, "wes"))
        await ada.sees_waiting(pam=True, wes=True)
        wes.scope.cancel()
        await ada.sees_waiting(pam=True, wes=False)
        assert ann.presence is not None
        ann.presence.leave()
        await ada.sees_hands()
        now = trio.current_time()
        assert {name: 0 < deadline - now <= ABSENCE for name, deadline in state.absent.items()} == {
            "wes": True,
            "ann": True,
        }
        state.absent = dict.fromkeys(("pam", "wes", "ann"), now)  # a minute later
        await give_up_in(desk, state)
        assert (await ada.call("GetModeration")).waiting[0].participant_id == "pam"
        assert "wes" not in state.people
        assert state.people["ann"].hand_at is None
        # Without being known any more they wait again, behind the others.
        await waiter(nursery, Somebody(host, "wes"))
        assert [each.participant_id for each in state.waiting()] == ["pam", "wes"]
        assert not pam.over.is_set()
        nursery.cancel_scope.cancel()


async def test_what_was_kept_goes_with_the_session(host: BuiltinHost) -> None:
    ada, ann = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ann").join()
    ben = await Somebody(host, "ben").join()
    await ada.call("KickParticipant", participant_id="ann")
    await ada.call("BanParticipant", participant_id="ben")
    await ada.call("LockRoom", locked=True)
    await host.call("EndForAll", SERVICE, session_id=ROOM)
    desk = desk_of(host.context("moderation"))
    await trio.testing.wait_all_tasks_blocked()
    with trio.fail_after(10):
        while (state := await desk.known(ROOM)).people:
            await trio.testing.wait_all_tasks_blocked()
    assert not state.settings.locked
    await ann.join()
    assert await ben.refusal() == "banned"
