# SPDX-License-Identifier: Apache-2.0
"""With scheduled sessions: bans and the waiting room of a whole series, settings before a class, and its end."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podium.core import PodiumError
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost
from tests.builtin.moderation.people import SERVICE, Somebody, ticket

ADA = {"name": "Ada", "email": "ada@example.org", "participant_id": "ada"}
DOOR = {"scheduling": "join_window_minutes = 1440\ninstructor_window_minutes = 1440\n"}


async def test_a_series(start_host: StartHost, builtins: Mapping[str, Any]) -> None:
    if "scheduling" not in builtins:
        pytest.skip("scheduling is off in this run")
    async with start_host(settings=DOOR) as host:
        first, second = await scheduled(host)
        # Settings of a class may be changed before it begins, by who leads it, and by a service for all classes.
        early = Somebody(host, "ada", "instructor", room=second)
        assert (await early.call("LockRoom", locked=True)).changed
        assert (await host.call("SetWaitingRoom", SERVICE, session_id="algebra", enabled=True)).changed
        assert not (await host.call("SetWaitingRoom", SERVICE, session_id="algebra", enabled=True)).changed
        assert (await early.call("SetWaitingRoom", enabled=False)).changed
        assert await early.refused("MuteParticipant", participant_id="ann") == "room_unknown"
        ada = await Somebody(host, "ada", "instructor", room=first).join()
        assert await Somebody(host, "ann", room=first).refusal() == "waiting"
        assert (await host.call("SetWaitingRoom", SERVICE, session_id="algebra", enabled=False)).changed
        ann = await Somebody(host, "ann", room=first).join()
        # A ban counts in the whole series, a kick in one class.
        ben = await Somebody(host, "ben", room=first).join()
        later = await ticket(host, "ann", room=second)
        await host.services.identities.authenticate(later)
        await ada.call("BanParticipant", participant_id="ann")
        await ada.call("KickParticipant", participant_id="ben")
        assert (ann.gone, ben.gone) == ("banned", "kicked")
        with pytest.raises(PodiumError) as void:
            await host.services.identities.authenticate(later)
        assert void.value.code == "banned"
        await host.services.identities.authenticate(await ticket(host, "ben", room=second))
        # The end is that of the class, for everybody.
        assert (await ada.call("EndForAll")).changed
        assert ada.gone == "ended"
        assert not (await ada.call("EndForAll")).changed
        assert await ada.refused("LockRoom", locked=True) == "session_over"
        assert (await host.call("GetSession", SERVICE, session_id=first)).state == "ended"
    async with start_host(settings=DOOR) as host:
        later = await ticket(host, "ann", room=second)
        with pytest.raises(PodiumError):
            await host.services.identities.authenticate(later)
        assert (await host.call("ReadmitParticipant", SERVICE, session_id="algebra", participant_id="ann")).changed
        await host.services.identities.authenticate(later)
        view = await host.call("GetModeration", SERVICE, session_id=second)
        assert (view.locked, view.waiting_room) == (True, False)


async def scheduled(host: BuiltinHost) -> tuple[str, str]:
    """The rooms of the first two classes of a daily class that begins in an hour."""
    begin = datetime.now(UTC) + timedelta(hours=1)
    made = await host.call(
        "ScheduleSession",
        SERVICE,
        session_id="algebra",
        title="Algebra",
        instructor=ADA,
        start=f"{begin:%Y-%m-%dT%H:%M}",
        time_zone="UTC",
        duration=30,
        recurrence=f"FREQ=WEEKLY;COUNT=2;BYDAY={days(begin)}",
    )
    assert made.session.occurrence is not None
    page = await host.call("ListSessions", SERVICE, session_id="algebra")
    first, second = (each.occurrence.room_id for each in page.sessions)
    return first, second


def days(begin: datetime) -> str:
    names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    return f"{names[begin.weekday()]},{names[(begin.weekday() + 1) % 7]}"
