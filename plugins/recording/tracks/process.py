# SPDX-License-Identifier: Apache-2.0
"""The program that makes separate tracks: a child process that tells one JSON object a line.

It tells `started`, `file` (each finished one), `progress` (once a second) and at last `done` or `failed`. When its
standard input ends, whoever started it has died: it stops, and the next one goes on behind the last finished group.
It runs at idle priority.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Protocol, final

import msgspec

from podium.plugins.recording.child import DONE, FAILED, STOPPED, Commands, be_idle
from podium.plugins.recording.composer.axis import Axis
from podium.plugins.recording.folders import InUseError
from podium.plugins.recording.reading import CapturedClass, CapturedTrack, open_class
from podium.plugins.recording.tracks.gathering import gather, groups
from podium.plugins.recording.tracks.index import TracksFolder

_PROGRESS_EVERY = 1.0

Tell = Callable[[str, dict[str, Any]], None]


class Stopped(Exception):  # noqa: N818 - nothing has gone wrong with it
    """Whoever wanted the tracks has died."""


class Looks(Protocol):
    """What is used of `Commands`."""

    orphaned: bool

    def look(self, timeout: float, /) -> None: ...


@final
class Watch:
    """Tells how far it is, in parts of all captured bytes, and looks whether anybody still wants it."""

    def __init__(self, captured: CapturedClass, commands: Looks, tell: Tell) -> None:
        self._commands = commands
        self._tell = tell
        self._length = captured.duration
        self._total = max(1, sum(track.size for track in captured.tracks))
        self._before = 0
        self._told_at = monotonic()

    def passed(self, track: CapturedTrack, time: float) -> None:
        """This track was read up to this second of the class."""
        self._commands.look(0.0)
        if self._commands.orphaned:
            raise Stopped
        now = monotonic()
        if now - self._told_at >= _PROGRESS_EVERY:
            self._told_at = now
            part = track.size * min(1.0, time / max(self._length, 1e-3))
            self._tell("progress", {"percent": int(100 * (self._before + part) / self._total)})

    def finished(self, tracks: Sequence[CapturedTrack]) -> None:
        self._before += sum(track.size for track in tracks)


def make(captured: CapturedClass, folder: TracksFolder, commands: Looks, tell: Tell) -> None:
    """All that is missing. Raises Stopped."""
    axis = Axis(captured.pauses, captured.begins)
    watch = Watch(captured, commands, tell)
    for group, tracks in groups(captured).items():
        if not folder.is_finished(group):
            for file in gather(group, tracks, axis, folder, watch.passed).files:
                tell("file", msgspec.to_builtins(file))
        watch.finished(tracks)
    folder.complete()


def seen(captured: CapturedClass) -> str:
    """Another when the class has grown."""
    return f"1 {captured.duration:.6f} {len(captured.tracks)} {sum(track.size for track in captured.tracks)}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m podium.plugins.recording.tracks", description=__doc__)
    parser.add_argument("directory", type=Path, help="the folder of a recording, as capture writes it")
    parser.add_argument("out", type=Path, help="where the files go")
    parser.add_argument("--parentless", action="store_true", help="standard input says nothing")
    options = parser.parse_args(arguments)

    def tell(kind: str, fields: dict[str, Any]) -> None:
        sys.stdout.buffer.write(msgspec.json.encode({"event": kind, **fields}) + b"\n")
        sys.stdout.buffer.flush()

    try:
        return _run(options, tell)
    except Stopped:
        return STOPPED
    except BrokenPipeError:  # the parent has died; what is still buffered would fail once more at the interpreter's end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    except (OSError, InUseError) as error:
        code = "in_use" if isinstance(error, InUseError) else "io_error"
        tell("failed", {"code": code, "message": str(error), "errno": getattr(error, "errno", None)})
        return FAILED


def _run(options: argparse.Namespace, tell: Tell) -> int:
    priority = be_idle()
    commands = Commands(sys.stdin.fileno(), parentless=options.parentless)
    with open_class(options.directory) as captured, TracksFolder(options.out, seen(captured)) as folder:
        tell("started", {"priority": priority, "files": len(folder.index.files)})
        make(captured, folder, commands, tell)
        tell("done", {"files": len(folder.index.files)})
        return DONE
