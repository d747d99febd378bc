# SPDX-License-Identifier: Apache-2.0
"""Who waits outside of rooms, by session: somebody whom a plugin told to wait while they joined.

Nobody here is in a room, whether or not there is one. Everything that decides about them (`admit`, `turn_away`,
`close`) returns at once and is sans-IO; only the join of the person itself waits, in `Visit.wait`. Whether somebody may
come in is not known here: being admitted means that the question is asked anew.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import final

import trio

from podium.core.events import Waiting
from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import ParticipantView, RoomObserver, RoomView, Wait, WaitingOutcome

MAX_WAITING = 500
"""People who may wait for one session."""

OnWait = Callable[[Waiting], None]


class WaitingEndedError(RoomError):
    """Somebody waits no longer though nobody refused them: `replaced` by their own later join, or `shutdown`."""


@final
class Visit:
    """One join, made by `Anteroom.visit`; most never wait."""

    def __init__(self, anteroom: "Anteroom", room: RoomView, on_wait: OnWait | None) -> None:
        self.room = room
        self.participant: ParticipantView | None = None
        """Who it is, once they wait."""
        self._anteroom = anteroom
        self._on_wait = on_wait
        self._message: str | None = None
        self._ended: RoomError | None = None
        self._called = trio.Event()

    async def wait(self, participant: ParticipantView, wait: Wait) -> None:
        """Wait until the question is to be asked anew.

        Raises RoomError: `waiting` for who cannot wait, `waiting_room_full`, or why the waiting has ended.
        """
        self.check()
        if self._on_wait is None:
            raise RoomError("waiting", wait.message)
        begins, self.participant = self.participant is None, participant
        if begins:
            self._anteroom._enter(self, participant)
        if wait.message != self._message:
            self._message = wait.message
            session_id, participant_id = self.room.session_id, participant.participant_id
            self._on_wait(Waiting(session_id=session_id, participant_id=participant_id, message=wait.message))
        await self._called.wait()
        self._called = trio.Event()  # whoever calls during the question that follows has it asked once more
        self.check()

    def check(self) -> None:
        """Raise RoomError if the waiting has ended."""
        if self._ended is not None:
            raise self._ended

    def _call(self) -> None:
        self._called.set()

    def _end(self, error: RoomError) -> None:
        self._ended = error
        self._called.set()


@final
class Anteroom:
    """Everybody who waits, for all sessions. `observer` is told when waiting begins and ends."""

    def __init__(self, observer: RoomObserver) -> None:
        self._observer = observer
        self._visits: dict[str, dict[str, Visit]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._visits.values()))

    def waiting(self, session_id: str) -> tuple[ParticipantView, ...]:
        """Who waits for a session, in the order of coming."""
        visits = self._visits.get(session_id, {}).values()
        return tuple(visit.participant for visit in visits if visit.participant is not None)

    @contextmanager
    def visit(self, room: RoomView, on_wait: OnWait | None) -> Iterator[Visit]:
        """For the length of one join; how it ends is how the waiting ends."""
        visit = Visit(self, room, on_wait)
        outcome: WaitingOutcome = "gone"
        try:
            yield visit
            outcome = "admitted"
        except RoomError:
            outcome = "refused"
            raise
        finally:
            self._leave(visit, outcome)

    def admit(self, session_id: str, participant_id: str) -> bool:
        """Have the question asked anew for somebody; False when nobody of that id waits."""
        visit = self._visits.get(session_id, {}).get(participant_id)
        if visit is None:
            return False
        visit._call()
        return True

    def ask_all(self) -> None:
        """Have the question asked anew for everybody, because others answer it than before."""
        for visits in self._visits.values():
            for visit in visits.values():
                visit._call()

    def turn_away(self, session_id: str, participant_id: str, code: str, message: str) -> bool:
        """End somebody's waiting by RoomError; False when nobody of that id waits."""
        visit = self._visits.get(session_id, {}).get(participant_id)
        if visit is None:
            return False
        self._end(visit, RoomError(code, message), "refused")
        return True

    def turn_all_away(self, session_id: str, code: str, message: str) -> int:
        """End the waiting of everybody for a session by RoomError; how many there were."""
        visits = tuple(self._visits.get(session_id, {}).values())
        for visit in visits:
            self._end(visit, RoomError(code, message), "refused")
        return len(visits)

    def replace(self, session_id: str, participant_id: str, by: Visit) -> None:
        """Somebody has come in: another visit of the same id that still waits is over."""
        visit = self._visits.get(session_id, {}).get(participant_id)
        if visit is not None and visit is not by:
            self._end(visit, _replaced(), "gone")

    def close(self) -> None:
        """The host stops: nobody waits any longer."""
        for visits in tuple(self._visits.values()):
            for visit in tuple(visits.values()):
                self._end(visit, WaitingEndedError("shutdown", "the host is stopping; come again"), "gone")

    def _enter(self, visit: Visit, participant: ParticipantView) -> None:
        """Begin to wait; who waited before by the same id passes on their place. Raises RoomError."""
        visits = self._visits.setdefault(visit.room.session_id, {})
        earlier = visits.get(participant.participant_id)
        if earlier is None and len(visits) >= MAX_WAITING:
            visit.participant = None
            raise RoomError("waiting_room_full", f"{MAX_WAITING} people wait already; try again later")
        visits[participant.participant_id] = visit
        if earlier is not None:
            earlier._end(_replaced())
            self._tell_waited(earlier, "gone")
        self._observer.participant_waiting(room=visit.room, participant=participant)

    def _end(self, visit: Visit, error: RoomError, outcome: WaitingOutcome) -> None:
        visit._end(error)
        self._leave(visit, outcome)

    def _leave(self, visit: Visit, outcome: WaitingOutcome) -> None:
        """Does nothing for who did not wait, or not any more."""
        if visit.participant is None:
            return
        session_id, participant_id = visit.room.session_id, visit.participant.participant_id
        visits = self._visits.get(session_id, {})
        if visits.get(participant_id) is visit:
            del visits[participant_id]
            if not visits:
                del self._visits[session_id]
            self._tell_waited(visit, outcome)

    def _tell_waited(self, visit: Visit, outcome: WaitingOutcome) -> None:
        assert visit.participant is not None
        self._observer.participant_waited(room=visit.room, participant=visit.participant, outcome=outcome)


def _replaced() -> WaitingEndedError:
    return WaitingEndedError("replaced", "the same participant has come again")
