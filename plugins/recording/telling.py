# SPDX-License-Identifier: Apache-2.0
"""The tasks that look after recordings while the plugin runs, and outlive a database that is away.

What becomes of a recording is written by whoever works on it, perhaps elsewhere. Hosts read it and tell of it: how far
a film is, to those who lead; how it ended, once among all hosts.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import trio

from podium.core import DatabaseError, PluginContext, PluginError
from podium.plugins.recording import store
from podium.plugins.recording.events import RecordingAvailable, RecordingFailed, RecordingProgress
from podium.plugins.recording.store import Recording
from podium.plugins.recording.studio import Studio, studio_of

EVERY = 1.0
ALIVE_EVERY = 5.0


async def tend_captures(context: PluginContext) -> None:
    """Key frames, layers, steps. Never waits for anything else."""
    studio = studio_of(context)
    while True:
        studio.capturing.tend()
        await trio.sleep(EVERY)


async def direct(context: PluginContext) -> None:
    """Begin what should go on by itself."""
    studio = studio_of(context)
    for view in context.rooms.list():
        studio.opened(view.session_id)

    async def look() -> None:
        for stage in studio.stages:
            await studio.look(stage)

    await _again_and_again(context, look, studio.nudged, EVERY)


async def keep_alive(context: PluginContext) -> None:
    """Write that captures go on, so that nobody takes them for lost."""
    await _again_and_again(context, studio_of(context).keep_alive, trio.sleep, ALIVE_EVERY)


async def tell(context: PluginContext) -> None:
    """Of progress and ends."""
    studio = studio_of(context)
    told: dict[str, tuple[object, ...]] = {}

    async def look() -> None:
        for recording in await context.database.read(store.untold):
            if await context.database.run(store.told, recording.id):
                _tell_end(context, studio, recording)
        unfinished = await context.database.read(store.in_states, store.UNFINISHED)
        _look_for_overdue(context, studio, unfinished)
        for recording in unfinished:
            how = (recording.state, recording.percent, round(recording.behind))
            if told.get(recording.id) != how:
                _tell_progress(studio, recording)
                told[recording.id] = how
        for gone in told.keys() - {recording.id for recording in unfinished}:
            del told[gone]

    await _again_and_again(context, look, trio.sleep, EVERY)


async def _again_and_again(
    context: PluginContext,
    look: Callable[[], Awaitable[None]],
    wait: Callable[[float], Awaitable[None]],
    every: float,
) -> None:
    """An error that may pass is logged when it comes, and not again until it has passed."""
    problem = None
    while True:
        try:
            await look()
            problem = None
        except (DatabaseError, PluginError) as error:
            if problem is None:
                context.log.warning("recordings cannot be looked after", problem=error.message)
            problem = error.message
        await wait(every)


def _look_for_overdue(context: PluginContext, studio: Studio, unfinished: list[Recording]) -> None:
    limit = studio.now() - timedelta(seconds=studio.config.timeout)
    late = {
        recording.id: recording
        for recording in unfinished
        if recording.state == "PROCESSING" and recording.ended_at is not None and recording.ended_at < limit
    }
    for name in late.keys() - studio.overdue:
        problem = late[name].problem or "it is still being made"
        context.log.error("film is overdue", recording_id=name, timeout=studio.config.timeout, problem=problem)
    studio.overdue = frozenset(late)


def _tell_progress(studio: Studio, recording: Recording) -> None:
    studio.send(
        recording.session_id,
        RecordingProgress(
            recording_id=recording.id, state=recording.state, percent=recording.percent, behind=recording.behind
        ),
    )


def _tell_end(context: PluginContext, studio: Studio, recording: Recording) -> None:
    studio.counts.ended(recording)
    _tell_progress(studio, recording)
    if recording.state == "FAILED":
        code, message = recording.problem_code or "unknown", recording.problem or ""
        context.log.error("recording has failed", recording_id=recording.id, code=code, problem=message)
        context.emit(
            RecordingFailed(session_id=recording.session_id, recording_id=recording.id, code=code, message=message)
        )
        return
    context.log.info("recording is available", recording_id=recording.id, size=recording.size)
    context.emit(
        RecordingAvailable(
            session_id=recording.session_id,
            recording_id=recording.id,
            duration=recording.duration or 0.0,
            size=recording.size or 0,
        )
    )
