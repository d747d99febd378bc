# SPDX-License-Identifier: Apache-2.0
"""What runs while the plugin does: a board for each open room, and the one place where shares begin and end.

`begun` and `ended` do not wait, so a share and the block of its screen change together. What people ask for is written
before it takes effect; what simply happened to a share (its presenter is gone) takes effect at once and is written by
`run` as soon as the database can be written.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import final

import msgspec
import trio

from podium.core import DatabaseError, Event, Health, OperationError, ParticipantInfo, PluginContext, PluginError
from podium.plugins.screenshare import store
from podium.plugins.screenshare._config import ScreenshareConfig
from podium.plugins.screenshare.board import Board
from podium.plugins.screenshare.errors import room_unknown
from podium.plugins.screenshare.events import ScreenShareStarted, ScreenShareStopped
from podium.plugins.screenshare.rules import Rules
from podium.plugins.screenshare.share import Ending, Reason, Share

RETRY = 5.0
"""Seconds until the database is tried again."""
STALE = timedelta(days=1)
"""Age at which a share without an end is over, if nobody has opened its room again."""
SWEEP = 3600.0
"""Seconds from one look for those to the next."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class DeskStatistics:
    """Rooms that are known, shares that run, and ends that are not in the database yet."""

    rooms: int
    shares: int
    unwritten: int


@final
class Desk:
    """One for each time the plugin runs; `now` is the clock of what is written."""

    def __init__(self, context: PluginContext, now: Callable[[], datetime]) -> None:
        self.config: ScreenshareConfig = context.config
        self.now = now
        self.rules_lock = trio.Lock()
        self._rules_version = 0
        """Raised when rules have been written, so that whoever was reading meanwhile reads again."""
        self._context = context
        self._boards: dict[str, Board] = {}
        self._unwritten: list[Ending] = []
        self._over: dict[str, datetime] = {}
        self._nudged = trio.Event()
        self._problem: str | None = None
        self._stopping = False
        metrics = context.metrics
        self._started = metrics.counter("screen_shares_started", "Screen shares that began.")
        self._stopped = metrics.counter("screen_shares_stopped", "Screen shares that ended, for whatever reason.")
        active = metrics.gauge("screen_shares_active", "Screens that are shared now.")
        active.set_function(lambda: self.statistics().shares)

    def statistics(self) -> DeskStatistics:
        return DeskStatistics(
            rooms=len(self._boards),
            shares=sum(len(board.running) for board in self._boards.values()),
            unwritten=len(self._unwritten) + len(self._over),
        )

    # Boards

    def known(self, room_id: str) -> Board | None:
        """The board of a room that has been asked about since it opened."""
        return self._boards.get(room_id)

    def following(self, session_id: str) -> list[Board]:
        """Those in which new rules of this session hold, in a fixed order."""
        found = [board for board in self._boards.values() if board.follows(session_id)]
        return sorted(found, key=lambda board: board.room_id)

    def rules_changed(self, session_id: str, rules: Rules) -> None:
        """New rules have been written; boards that were made meanwhile get them as well."""
        self._rules_version += 1
        for board in self._boards.values():
            if board.follows(session_id):
                board.rules, board.own_rules = rules, board.own_rules or board.room_id == session_id

    async def board(self, room_id: str) -> Board:
        """Read what is kept of a room, unless it is known. Raises DatabaseError, and OperationError `room_unknown`."""
        while (board := self._boards.get(room_id)) is None:
            if self._stopping or not self.is_open(room_id):
                raise room_unknown(room_id)
            version = self._rules_version
            read = await self._read(room_id)
            if version == self._rules_version and self.is_open(room_id):
                self._boards.setdefault(room_id, read)
                self.nudge()
        return board

    async def _read(self, room_id: str) -> Board:
        view = await self._context.sessions.get(room_id)
        series_id = view.session_id if view is not None and view.session_id != room_id else None
        board = Board(room_id, series_id, self.config.rules)
        kept = await self._context.database.read(store.read_kept, board.names)
        board.rules, board.own_rules = kept.rules or board.rules, kept.own
        board.allowed = kept.allowed
        board.lost = {share.participant_id: share for share in kept.running}
        board.lost_until = trio.current_time() + self.config.resume_seconds
        return board

    def host_stops(self) -> None:
        """From now on people leave because of that: what runs goes on when they come back to the next host."""
        self._stopping = True
        self._boards.clear()

    def close(self, board: Board) -> None:
        """The room is closed; if it is open again, this is a new room's board from now on."""
        present = {each.participant_id for each in self.people(board.room_id)}
        for share in board.all():
            if share.participant_id not in present:
                self.ended(board, share, None, "room_closed")
        if not self.is_open(board.room_id):
            self._boards.pop(board.room_id, None)

    # Rooms

    def is_open(self, room_id: str) -> bool:
        return any(view.session_id == room_id for view in self._context.rooms.list())

    def people(self, room_id: str) -> tuple[ParticipantInfo, ...]:
        """Who is in a room, nobody if it is closed."""
        return tuple(self._context.rooms.participants(room_id)) if self.is_open(room_id) else ()

    def person(self, room_id: str, participant_id: str | None) -> ParticipantInfo | None:
        return next((each for each in self.people(room_id) if each.participant_id == participant_id), None)

    def tell(self, room_id: str, event: Event, participant_id: str | None = None) -> None:
        """Tell the trail, and all in a room or one of them, who are not told the names of keys."""
        self._context.emit(event)
        actor_id = getattr(event, "actor_id", None)
        if actor_id is not None and self.person(room_id, actor_id) is None:
            event = msgspec.structs.replace(event, actor_id=None)
        if self.is_open(room_id) and (participant_id is None or self.person(room_id, participant_id) is not None):
            self._context.rooms.send(room_id, event, participant_id=participant_id)

    def enforce(self, room_id: str, participant_id: str) -> None:
        """Have somebody's screen flow if their share runs, and only then."""
        board = self._boards.get(room_id)
        running = board is not None and participant_id in board.running
        self._context.rooms.set_blocked(room_id, participant_id, "screen", not running)

    def enforce_everywhere(self) -> None:
        """The plugin has been switched on in the middle of classes."""
        for view in self._context.rooms.list():
            for person in self.people(view.session_id):
                self.enforce(view.session_id, person.participant_id)

    # Shares

    def begun(self, board: Board, share: Share, *, resumed: bool = False) -> None:
        """A share that has been written runs from now on."""
        board.lost.pop(share.participant_id, None)
        board.requests.pop(share.participant_id, None)
        board.running[share.participant_id] = share
        self.enforce(board.room_id, share.participant_id)
        if not resumed:
            self._started.inc()
        event = ScreenShareStarted(
            session_id=share.session_id,
            actor_id=share.participant_id,
            participant_id=share.participant_id,
            share_id=share.id,
            display_name=share.display_name,
            audio=share.audio,
            started_at=share.started_at,
            resumed=resumed,
        )
        self.tell(board.room_id, event)

    def ended(self, board: Board, share: Share, by: str | None, reason: Reason, *, written: bool = False) -> bool:
        """A share is over: nothing of it flows any more. False when it was over before."""
        if not board.forget(share):
            return False
        self._stopped.inc()
        person = self.person(board.room_id, by)
        event = ScreenShareStopped(
            session_id=share.session_id,
            actor_id=by,
            participant_id=share.participant_id,
            share_id=share.id,
            reason=reason,
            stopped_by=person.display_name if person is not None else None,
        )
        self.tell(board.room_id, event)  # first, so that the presenter's page knows why its screen is blocked
        if self.is_open(board.room_id):
            self.enforce(board.room_id, share.participant_id)
        if not written:
            self.write_later(Ending(share, self.now(), by, reason))
        return True

    def applied(self, board: Board, endings: Iterable[Ending]) -> None:
        """These ends have been written."""
        for ending in endings:
            self.ended(board, ending.share, ending.ended_by, ending.reason, written=True)

    def write_later(self, ending: Ending) -> None:
        self._unwritten.append(ending)
        self.nudge()

    def session_ended(self, session_id: str) -> None:
        """Of a session that is over nothing runs, also of what this host does not know."""
        self._over[session_id] = self.now()
        self.nudge()

    # What is due

    def nudge(self) -> None:
        """Have `run` look now."""
        self._nudged.set()

    async def run(self) -> None:
        """Know the rooms that are open, write what has ended, end what nobody came back to. Runs until canceled."""
        sweep_at = trio.current_time()
        while True:
            self._nudged = trio.Event()
            self._end_lost()
            sweep = trio.current_time() >= sweep_at
            written = await self._catch_up(sweep=sweep)
            if written and sweep:
                sweep_at = trio.current_time() + SWEEP
            if written:
                with trio.move_on_at(self._wake_at(sweep_at)):
                    await self._nudged.wait()
            else:
                await trio.sleep(RETRY)

    async def finish(self) -> None:
        """The plugin stops in the middle of classes: what it blocked flows again, and nothing is kept of who shares."""
        for board in self._boards.values():
            for share in board.running.values():
                self._unwritten.append(Ending(share, self.now(), None, "disabled"))
        await self._write()

    def health(self) -> Health:
        detail = f"{self.statistics().shares} screens are shared"
        return Health(status="degraded", detail=self._problem) if self._problem else Health(status="ok", detail=detail)

    def _end_lost(self) -> None:
        for board in list(self._boards.values()):
            if board.lost and trio.current_time() >= board.lost_until:
                for share in list(board.lost.values()):
                    self.ended(board, share, None, "lost")

    def _wake_at(self, sweep_at: float) -> float:
        return min([sweep_at, *(board.lost_until for board in self._boards.values() if board.lost)])

    async def _catch_up(self, *, sweep: bool) -> bool:
        """Whether everything is read and written; otherwise the database is away, which is logged."""
        try:
            await self._write()
            if sweep:
                open_rooms = [view.session_id for view in self._context.rooms.list()]
                await self._context.database.run(store.end_stale, self.now() - STALE, self.now(), open_rooms)
            for view in self._context.rooms.list() if not self._stopping else ():
                await self.board(view.session_id)
        except OperationError:  # a room has been closed meanwhile
            self.nudge()
        except (DatabaseError, PluginError) as error:  # or nobody says what session that is
            self._problem = f"{len(self._unwritten)} ends of shares are not written: {error.message}"
            self._context.log.warning("shares cannot be kept", problem=error.message)
            return False
        self._problem = None
        return True

    async def _write(self) -> None:
        endings, database = tuple(self._unwritten), self._context.database
        if endings:
            await database.run(store.end, endings)
            self._unwritten = self._unwritten[len(endings) :]
        for session_id, at in tuple(self._over.items()):
            await database.run(store.end_all, session_id, at, "session_ended")
            del self._over[session_id]


def desk_of(context: PluginContext) -> Desk:
    """What `on_start` made."""
    desk: Desk = context.state
    return desk
