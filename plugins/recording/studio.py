# SPDX-License-Identifier: Apache-2.0
"""Where recordings of this host begin and end. What people ask for is written before it takes effect.

Between the two ends a recording is a `Take`; what it becomes afterwards is up to `work`, wherever that runs. A room
that closes does not end its recording: people may come back, perhaps to another run of the host. Then it goes on; it is
over when nobody has come back in time.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import final

import trio

from podium.core import DatabaseError, Event, OperationError, ParticipantView, PluginContext, RoomError, SessionView
from podium.plugins.recording import store, transactions
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.capturing import Capturing
from podium.plugins.recording.counting import Counts
from podium.plugins.recording.events import (
    RecordingChanged,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
from podium.plugins.recording.place import Place
from podium.plugins.recording.requests import Problem, RecordingStatus
from podium.plugins.recording.stage import Stage
from podium.plugins.recording.storage import Storage
from podium.plugins.recording.store import Recording
from podium.plugins.recording.take import Take
from podium.plugins.recording.work import Workshop
from podium.plugins.recording.writing import Failure

LEAST_FREE = 256 << 20
"""Bytes that the disk has to have free for a capture to begin."""
RETRY = 10.0
"""Seconds until beginning is tried again."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@final
class Studio:
    """One for each time that the plugin runs; hooks, operations and routes find it as `context.state`."""

    def __init__(
        self,
        context: PluginContext,
        *,
        place: Place,
        storage: Storage,
        link_key: bytes,
        capturing: Capturing,
        workshop: Workshop,
        now: Callable[[], datetime],
    ) -> None:
        self.config: RecordingConfig = context.config
        self.place = place
        self.storage = storage
        self.link_key = link_key
        self.capturing = capturing
        self.workshop = workshop
        self.now = now
        self.overdue: frozenset[str] = frozenset()
        """Recordings whose processing takes longer than it should."""
        self.counts = Counts(context, self)
        self._context = context
        self._stages: dict[str, Stage] = {}
        self._stopping = False
        self._nudged = trio.Event()

    # Rooms

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(self._stages.values())

    def stage(self, session_id: str) -> Stage | None:
        """That of an open room, if it is known to be open."""
        return self._stages.get(session_id)

    def take(self, session_id: str) -> Take | None:
        """What goes on in a room."""
        stage = self._stages.get(session_id)
        return None if stage is None else stage.take

    def opened(self, session_id: str) -> Stage:
        """A room is open. Raises OperationError `room_unknown` when it is not."""
        if self._stopping or all(view.session_id != session_id for view in self._context.rooms.list()):
            raise OperationError("not_found", "room_unknown", f"nobody is in a room {session_id!r}", "session_id")
        self.nudge()
        return self._stages.setdefault(session_id, Stage(session_id))

    def nudge(self) -> None:
        """Somebody came, or a class has begun: perhaps it should be recorded from this moment on."""
        self._nudged.set()

    async def nudged(self, seconds: float) -> None:
        """Return when there may be something to begin, at the latest after so long."""
        with trio.move_on_after(seconds):
            await self._nudged.wait()
        self._nudged = trio.Event()

    def present(self, session_id: str) -> tuple[ParticipantView, ...]:
        """Who is in a room; nobody when it is not open."""
        try:
            return tuple(self._context.rooms.present(session_id))
        except RoomError:
            return ()

    async def closed(self, session_id: str) -> None:
        """Nobody is in the room any more. Its recording waits for them to come back."""
        stage = self._stages.pop(session_id, None)
        if stage is not None:
            async with stage.lock:
                await self._interrupt(stage, "room_closed")

    def session_changed(self, session: SessionView) -> None:
        """A class is on, or was edited."""
        stage = self._stages.get(session.occurrence.room_id)
        if stage is not None:
            stage.session = session
            self.nudge()

    # Beginning and ending

    async def look(self, stage: Stage) -> None:
        """Begin what should go on by itself. Raises DatabaseError, PluginError."""
        if stage.take is not None or trio.current_time() < stage.retry_at:
            return
        async with stage.lock:
            await self._learn(stage)
            present = self.present(stage.session_id)
            begun = self.take(stage.session_id) is not None  # meanwhile, by somebody
            if begun or not stage.wanted(self.config, self.now(), present):
                return
            try:
                await self._begin(stage, None, separate_tracks=False, resumes=stage.goes_on)
            except OperationError as error:
                stage.retry_at = trio.current_time() + RETRY
                self._troubled(stage, Problem(code=error.code, message=error.message))

    async def start(self, stage: Stage, by: str | None, *, separate_tracks: bool) -> Recording:
        """Begin because somebody wants it; what is paused goes on. Raises PodiumError."""
        async with stage.lock:
            await self._learn(stage)
            if stage.take is None:
                await self._begin(stage, by, separate_tracks=separate_tracks)
            elif stage.take.paused:
                await self._set_paused(stage, stage.take, by, paused=False)
            take = stage.take
            if take is None:
                raise OperationError("conflict", "room_unknown", "the room has closed", "session_id")
            if separate_tracks:
                await self._context.database.run(transactions.want_tracks, take.recording, self.now())
            return take.recording

    async def set_paused(self, stage: Stage, by: str | None, *, paused: bool) -> Recording:
        """Raises PodiumError."""
        async with stage.lock:
            take = _going_on(stage)
            if take.paused != paused:
                await self._set_paused(stage, take, by, paused=paused)
            return take.recording

    async def stop(self, stage: Stage, by: str | None) -> Recording:
        """End it because somebody wants it, also one that waits for people to come back. Raises PodiumError."""
        async with stage.lock:
            if stage.take is None:
                return await self.stop_waiting(stage.session_id, by)
            recording = stage.take.recording
            await self._end(recording, self.now(), "stopped", by)
            stage.stopped, stage.goes_on = True, False
            self._close(stage, "stopped")
            return recording

    async def stop_waiting(self, session_id: str, by: str | None) -> Recording:
        """End one whose room is empty, or whose capture could not go on. Raises PodiumError."""
        waiting: Recording | None = await self._context.database.read(store.running, session_id)
        if waiting is None:
            raise OperationError("conflict", "not_recording", "the class is not being recorded", "session_id")
        await self._end(waiting, waiting.seen_at, "stopped", by)
        stage = self._stages.get(session_id)
        if stage is not None:
            stage.stopped, stage.goes_on = True, False
        return waiting

    async def session_over(self, session_id: str) -> None:
        """A class has ended for good. Raises DatabaseError."""
        stage = self._stages.get(session_id)
        if stage is None:
            await self._end_what_waits(session_id)
            return
        async with stage.lock:
            stage.stopped, stage.goes_on = True, False
            now = self.now()
            take = self._close(stage, "ended")
            if take is None:
                await self._end_what_waits(session_id)
            else:
                await self._end(take.recording, now, "ended", None)

    async def keep_alive(self) -> None:
        """Write that captures go on; those that were ended elsewhere stop. Raises DatabaseError."""
        for stage in self.stages:
            take = stage.take
            if take is None or take.capture.state == "failed":
                continue
            recording_id = take.recording.id
            goes_on = await self._context.database.run(store.seen, recording_id, self.workshop.holder, self.now())
            if not goes_on and stage.take is take:
                self._context.log.warning("recording was ended elsewhere", recording_id=recording_id)
                self._close(stage, "ended_elsewhere")

    async def stop_all(self) -> None:
        """The host stops: what goes on may go on in the next run of it. Waits for the disk."""
        self._stopping = True
        for stage in self.stages:
            async with stage.lock:
                await self._interrupt(stage, "host_stopped")
        self._stages.clear()
        await trio.to_thread.run_sync(self.capturing.stop)

    def status(self, session_id: str) -> RecordingStatus:
        """As it is now."""
        stage = self._stages.get(session_id)
        take = None if stage is None else stage.take
        return RecordingStatus(
            state="off" if take is None else "paused" if take.paused else "recording",
            recording_id=None if take is None else take.recording.id,
            started_at=None if take is None else take.recording.started_at,
            notice="" if take is None else self.config.notice,
            problem=None if stage is None else stage.problem,
        )

    # Own

    async def _learn(self, stage: Stage) -> None:
        """Read what is kept of the class, once."""
        if not stage.known:
            session = await self._context.sessions.get(stage.session_id)
            if stage.session is None:  # nor heard of meanwhile
                stage.session = session
            last = await self._context.database.read(store.last, stage.session_id)
            if last is not None:
                stage.goes_on = last.state == "RECORDING"
                stage.stopped = last.end_reason in store.ON_PURPOSE
            stage.known = True

    async def _begin(self, stage: Stage, by: str | None, *, separate_tracks: bool, resumes: bool = False) -> None:
        await self._check_disk()
        now = self.now()
        wanted = Recording(
            id=store.new_id(),
            session_id=stage.session_id,
            series_id=stage.series_id,
            title=stage.title,
            started_at=now,
            started_by=by,
            place=self.place.id,
            host=self.workshop.holder,
            seen_at=now,
            tracks="wanted" if separate_tracks else "none",
            delete_at=now + timedelta(days=self.config.keep_days) if self.config.keep_days else None,
        )
        found = await self._context.database.run(transactions.take_up, wanted, resumes)
        if found is None:
            stage.stopped, stage.goes_on = True, False
            return
        recording, is_new = found
        if self._stages.get(stage.session_id) is not stage or self._stopping:
            return  # everybody has left meanwhile; who comes back finds it
        self._capture(stage, recording)
        if is_new:
            self.counts.started.inc()
            self._emit(RecordingStarted, recording, by)
        self._context.log.info("recording", recording_id=recording.id, session_id=stage.session_id, new=is_new)
        self._tell(stage)
        self.workshop.wake()

    def _capture(self, stage: Stage, recording: Recording) -> None:
        """From here to the end nothing is awaited: nobody comes or goes unseen."""
        capture = self.capturing.open(
            self.place.captured(recording.id),
            recording.id,
            stage.session_id,
            self._context.media,
            partial(self._failed, stage),
        )
        take = Take(recording, capture)
        take.fill(self.present(stage.session_id), self._context.rooms.participants(stage.session_id))
        if recording.paused:
            capture.pause()
        stage.take, stage.problem, stage.goes_on = take, None, True

    async def _set_paused(self, stage: Stage, take: Take, by: str | None, *, paused: bool) -> None:
        if paused:  # from this moment on, whatever the database says
            take.capture.pause()
        try:
            goes_on = await self._context.database.run(store.paused, take.recording.id, self.now(), paused)
        except DatabaseError:
            if paused:
                take.capture.resume()
            raise
        if not goes_on or stage.take is not take:
            raise OperationError("conflict", "not_recording", "the recording has ended", "session_id")
        if not paused:
            take.capture.resume()
        self._emit(RecordingPaused if paused else RecordingResumed, take.recording, by)
        self._tell(stage)

    async def _end(self, recording: Recording, at: datetime, reason: str, by: str | None) -> None:
        if await self._context.database.run(store.end, recording.id, at, reason):
            self._context.log.info("recording has ended", recording_id=recording.id, reason=reason)
            self._context.emit(
                RecordingStopped(session_id=recording.session_id, recording_id=recording.id, actor_id=by, reason=reason)
            )
        self.workshop.wake()

    async def _end_what_waits(self, session_id: str) -> None:
        """A recording whose room is empty ended when that closed."""
        waiting = await self._context.database.read(store.running, session_id)
        if waiting is not None and waiting.place == self.place.id:
            await self._end(waiting, waiting.seen_at, "ended", None)

    async def _interrupt(self, stage: Stage, reason: str) -> None:
        take = self._close(stage, reason)
        if take is not None:
            try:
                await self._context.database.run(store.seen, take.recording.id, self.workshop.holder, self.now())
            except DatabaseError as error:  # then it has been seen some seconds earlier
                self._context.log.warning("end of capture was not written", problem=error.message)

    def _close(self, stage: Stage, reason: str) -> Take | None:
        take, stage.take = stage.take, None
        if take is not None:
            take.capture.close(reason)
            self._tell(stage)
        return take

    def _failed(self, stage: Stage, failure: Failure) -> None:
        """Nothing can be written any more. It is tried again, as long as the class goes on."""
        if stage.take is None:
            return
        self._context.log.error("recording cannot be written", session_id=stage.session_id, problem=failure.message)
        self._close(stage, failure.reason)
        stage.retry_at = trio.current_time() + RETRY
        self._troubled(stage, Problem(code=failure.reason, message=failure.message))

    def _troubled(self, stage: Stage, problem: Problem) -> None:
        if stage.problem != problem:
            stage.problem = problem
            self._context.log.error("class is not recorded", session_id=stage.session_id, problem=problem.message)
            self._tell(stage)

    async def _check_disk(self) -> None:
        free = (await trio.to_thread.run_sync(shutil.disk_usage, self.place.root)).free
        if free < LEAST_FREE:
            what = f"the disk for recordings has only {free >> 20} MiB left; {LEAST_FREE >> 20} are needed to begin"
            raise OperationError("unavailable", "disk_full", what)

    def _emit(
        self,
        kind: type[RecordingStarted] | type[RecordingPaused] | type[RecordingResumed],
        recording: Recording,
        by: str | None,
    ) -> None:
        self._context.emit(kind(session_id=recording.session_id, recording_id=recording.id, actor_id=by))

    def _tell(self, stage: Stage) -> None:
        """Everybody in the room."""
        status = self.status(stage.session_id)
        self.send(
            stage.session_id,
            RecordingChanged(
                state=status.state,
                recording_id=status.recording_id,
                started_at=status.started_at,
                notice=status.notice,
                problem=status.problem,
            ),
        )

    def send(self, session_id: str, event: Event) -> None:
        """To the browsers in a room, if it is open."""
        try:
            self._context.rooms.send(session_id, event)
        except RoomError:
            return


def studio_of(context: PluginContext) -> Studio:
    studio: Studio = context.state
    return studio


def _going_on(stage: Stage) -> Take:
    if stage.take is None:
        raise OperationError("conflict", "not_recording", "the class is not being recorded", "session_id")
    return stage.take
