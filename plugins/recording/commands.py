# SPDX-License-Identifier: Apache-2.0
"""`podium recording recorder`, `rebuild` and `list`: work on recordings without a host, or beside it."""

import argparse
import signal
import sys
from datetime import UTC, datetime
from typing import Any, TextIO, final

import trio
from sqlalchemy.orm import Session

from podium.core import CommandContext, Plugin, PodiumError
from podium.plugins.recording import jobs, store
from podium.plugins.recording.jobs import Job
from podium.plugins.recording.place import Place, open_place
from podium.plugins.recording.storage import Storage, storage_for
from podium.plugins.recording.store import FINAL, Recording
from podium.plugins.recording.work import Progress, Workshop, run_job, tend, work

BAR = 30
LOOK_EVERY = 1.0
SHOWN = 20


def declare_commands(plugin: Plugin) -> None:
    """Have them on the command line."""

    @plugin.command(alias="recorder")
    async def recorder(context: CommandContext, arguments: argparse.Namespace) -> int | None:  # noqa: ARG001  # as all
        """Make films of what hosts on this machine capture, until stopped by SIGINT or SIGTERM.

        Hosts do that themselves unless their setting `work` is false. As many recorders as wanted share the work.
        """
        return await record(context)

    @plugin.command(arguments=_add_rebuild_arguments)
    async def rebuild(context: CommandContext, arguments: argparse.Namespace) -> int | None:
        """Make a film anew from what was captured of its class."""
        return await rebuild_film(context, arguments.recording_id)

    @plugin.command(arguments=_add_list_arguments)
    async def list(context: CommandContext, arguments: argparse.Namespace) -> int | None:  # noqa: A001  # its name
        """Show the last recordings, the newest first."""
        return await list_recordings(context, arguments.limit)


def _add_rebuild_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording_id", help="which one; see `podium recording list`")


def _add_list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=SHOWN, help="how many")


async def record(context: CommandContext) -> int | None:
    """Work until a signal comes."""
    workshop = await _workshop(context)
    context.log.info("recorder works", place=str(workshop.place.root), films_at_once=workshop.config.composers)
    async with trio.open_nursery() as nursery:
        await nursery.start(_cancel_on_signal, nursery.cancel_scope, context)
        nursery.start_soon(tend, workshop)
        nursery.start_soon(work, workshop)
    context.log.info("recorder has stopped")
    return None


async def _cancel_on_signal(
    scope: trio.CancelScope, context: CommandContext, *, task_status: trio.TaskStatus[None]
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for number in signals:
            context.log.info("recorder stops", signal=signal.Signals(number).name)
            scope.cancel()
            return


async def rebuild_film(context: CommandContext, recording_id: str, out: TextIO = sys.stderr) -> int | None:
    """In the foreground, with a bar. Raises PodiumError."""
    workshop = await _workshop(context)
    await _check(workshop, recording_id)
    bar = Bar(out)
    async with workshop.present():
        job: Job | None = await workshop.database.run(_begin, recording_id, workshop)
        while True:
            if job is not None:
                await run_job(workshop, job, bar.tell)
            recording = await workshop.database.read(store.get, recording_id)
            if recording is None:
                raise PodiumError("recording_unknown", "the recording was deleted meanwhile")
            bar.tell(_progress(recording))
            if recording.state in FINAL:
                break
            await trio.sleep(LOOK_EVERY)
            job = await workshop.database.run(_claim, recording_id, ("rebuild", "film"), workshop)
        bar.close()
        if recording.state == "FAILED":
            raise PodiumError(recording.problem_code or "failed", recording.problem or "the film cannot be made")
        if (rest := await workshop.database.run(_claim, recording_id, ("tidy",), workshop)) is not None:
            await run_job(workshop, rest)
    print(f"{recording_id}: {_seconds(recording.duration)}, {_size(recording.size)}, {recording.object}")
    return None


async def _check(workshop: Workshop, recording_id: str) -> None:
    recording = await workshop.database.read(store.get, recording_id)
    if recording is None:
        raise PodiumError("recording_unknown", f"there is no recording {recording_id!r}; `podium recording list`")
    if recording.place != workshop.place.id:
        raise PodiumError("recording_elsewhere", "this recording was captured on another machine: rebuild it there")
    there = await trio.to_thread.run_sync(workshop.place.captured(recording_id).is_dir)
    if not recording.captured or not there:
        raise PodiumError("captured_deleted", "what was captured has been deleted: nothing can be made of it")


def _begin(session: Session, recording_id: str, workshop: Workshop) -> Job:
    """In one transaction, so that nobody else takes it up."""
    if not store.restarted(session, recording_id):
        raise PodiumError("still_recording", "the class is still being recorded; stop that first")
    now = workshop.now()
    jobs.add(session, recording_id, "rebuild", workshop.place.id, now)
    job = jobs.claim_one(session, workshop.holder, recording_id, "rebuild", now)
    if job is None:
        raise PodiumError("in_work", "somebody else works on this recording just now")
    return job


def _claim(session: Session, recording_id: str, kinds: tuple[jobs.JobKind, ...], workshop: Workshop) -> Job | None:
    """What is due of it, if nobody else has it."""
    for kind in kinds:
        job = jobs.claim_one(session, workshop.holder, recording_id, kind, workshop.now(), due=True)
        if job is not None:
            return job
    return None


async def list_recordings(context: CommandContext, limit: int = SHOWN) -> int | None:
    """As a table."""
    found, more = await context.database.read(store.page, None, None, limit, datetime.now(UTC))
    rows: list[tuple[str, ...]] = [("RECORDING", "SESSION", "STARTED (UTC)", "STATE", "LENGTH", "SIZE", "PROBLEM")]
    rows += [_row(recording) for recording in found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    if more:
        print(f"... and earlier ones; --limit shows more than {limit}")
    return None


def _row(recording: Recording) -> tuple[str, ...]:
    state = recording.state if recording.state in FINAL else f"{recording.state} {recording.percent} %"
    problem = f"{recording.problem_code}: {recording.problem}"[:100] if recording.problem_code else ""
    started = f"{recording.started_at:%Y-%m-%d %H:%M:%S}"
    length, size = _seconds(recording.duration), _size(recording.size)
    return (recording.id, recording.session_id, started, state, length, size, problem)


def _seconds(duration: float | None) -> str:
    if duration is None:
        return "-"
    minutes, seconds = divmod(round(duration), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def _size(size: int | None) -> str:
    return "-" if size is None else f"{size / 1e6:.1f} MB"


def _progress(recording: Recording) -> Progress:
    return Progress(
        state=recording.state,
        percent=recording.percent,
        behind=recording.behind,
        step=recording.step,
        problem=recording.problem,
    )


@final
class Bar:
    """Progress on a terminal, or a line now and then elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._told: Any = None
        self._width = 0

    def tell(self, progress: Progress) -> None:
        """Show how far it is."""
        line = f"{progress.percent:3d} %  {progress.state}"
        if progress.behind >= 1:
            line += f"  {progress.behind:.0f} s of film to make"
        if progress.problem:
            line += f"  ({progress.problem})"
        if self._terminal:
            filled = BAR * progress.percent // 100
            line = f"[{'#' * filled}{' ' * (BAR - filled)}] {line}"[:200]
            self._out.write("\r" + line.ljust(self._width))
            self._width = len(line)
            self._out.flush()
        elif (told := (progress.percent // 10, progress.state, progress.problem)) != self._told:
            self._told = told
            print(line, file=self._out, flush=True)

    def close(self) -> None:
        if self._terminal:
            print(file=self._out, flush=True)


async def _workshop(context: CommandContext) -> Workshop:
    place: Place = await trio.to_thread.run_sync(_opened_place, context)
    storage: Storage = await trio.to_thread.run_sync(storage_for, context.config, place)
    return Workshop(database=context.database, storage=storage, place=place, config=context.config, log=context.log)


def _opened_place(context: CommandContext) -> Place:
    try:
        return open_place(context.directory)
    except (OSError, ValueError) as error:
        raise PodiumError("place_unusable", f"the folder of recordings cannot be used: {error}") from error
