# SPDX-License-Identifier: Apache-2.0
"""The program that makes the film: a child process, told and telling one JSON object a line.

It tells `started`, `segment` (each finished piece), `progress` (once a second) and at last `done` or `failed`. `done`
has `captured`, how many seconds of film there should be by capture's own account. On its standard input
`{"command": "finish"}` says that capture is over although it did not say so itself. When the input ends, whoever
started it has died: it stops at once, and the next one goes on behind the last finished piece. It runs at idle
priority, and at a higher one for the last seconds of a class that has ended.
"""

import argparse
import os
import select
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, final

import msgspec

from podium.plugins.recording.composer.composing import Composer
from podium.plugins.recording.composer.degrade import Degrading
from podium.plugins.recording.composer.segments import HeaderDiffersError, InUseError, SegmentStore
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.reading import CapturedClass, open_class

POLL = 0.25
DONE, FAILED, STOPPED = 0, 1, 3
_PROGRESS_EVERY = 1.0
_HURRIED = 5
"""How nice the process is at the end."""

_CODES: dict[type[Exception], str] = {
    InUseError: "in_use",
    HeaderDiffersError: "header_differs",
    msgspec.DecodeError: "settings_invalid",
    msgspec.ValidationError: "settings_invalid",
}

Tell = Callable[[str, dict[str, Any]], None]


@final
class Commands:
    """What comes in on a descriptor. `parentless`: nobody is there to say anything."""

    def __init__(self, descriptor: int, *, parentless: bool) -> None:
        self._descriptor = descriptor
        self._parentless = parentless
        self._buffer = b""
        self.finish = False
        self.orphaned = False

    def look(self, timeout: float) -> None:
        """Wait so long for a command."""
        if self._parentless:
            select.select([], [], [], timeout)
            return
        while not self.orphaned and select.select([self._descriptor], [], [], timeout)[0]:
            data = os.read(self._descriptor, 4096)
            self.orphaned = not data
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            for line in lines:
                self._obey(line)
            timeout = 0.0

    def _obey(self, line: bytes) -> None:
        try:
            command = msgspec.json.decode(line, type=dict[str, str])
        except msgspec.DecodeError:
            return  # commands of later versions
        self.finish = self.finish or command.get("command") == "finish"


def be_idle() -> str:
    """Run only when nothing else wants to; gives what was possible."""
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        os.nice(19)
        return "nice"
    return "idle"


def hurry() -> bool:
    """The class is over, and a few seconds of film are missing: run as others do, but behind them. Whether one may.

    The kernel lets a process do so that has CAP_SYS_NICE, or RLIMIT_NICE of 15 or more.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, _HURRIED)
    except (AttributeError, OSError):
        return False
    return True


def compose(
    captured: CapturedClass, store: SegmentStore, commands: Commands, tell: Tell, *, follow: bool
) -> float | None:
    """Until all is made: how long the film should be. None: the parent has died."""
    composer = Composer(captured, store, Degrading() if follow else None)
    told_at = 0.0
    try:
        while True:
            commands.look(0.0)
            if commands.finish:
                captured.stop_following()
            over = captured.ended or commands.finish
            if over and follow:
                hurry()
            final = over or not follow
            for segment in composer.advance(final=final):
                behind = round(composer.progress.behind, 2)
                tell("segment", {**msgspec.to_builtins(segment), "behind": behind, "known": composer.progress.known})
                commands.look(0.0)
                if commands.orphaned:
                    return None
            if final:
                return composer.progress.known
            if monotonic() - told_at >= _PROGRESS_EVERY:
                told_at = monotonic()
                tell("progress", {**msgspec.to_builtins(composer.progress), "behind": composer.progress.behind})
            commands.look(POLL)
            if commands.orphaned:
                return None
    finally:
        composer.close()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m podium.plugins.recording.composer", description=__doc__)
    parser.add_argument("directory", type=Path, help="the folder of a recording, as capture writes it")
    parser.add_argument("out", type=Path, help="where the pieces of the film go")
    parser.add_argument("--follow", action="store_true", help="the class may still go on; keep up with it")
    parser.add_argument("--settings", default="{}", help="CompositionSettings as JSON")
    parser.add_argument("--parentless", action="store_true", help="standard input says nothing")
    options = parser.parse_args(arguments)

    def tell(kind: str, fields: dict[str, Any]) -> None:
        sys.stdout.buffer.write(msgspec.json.encode({"event": kind, **fields}) + b"\n")
        sys.stdout.buffer.flush()

    try:
        settings = msgspec.json.decode(options.settings, type=CompositionSettings)
        return _run(options, settings, tell)
    except BrokenPipeError:  # the parent has died; what is still buffered would fail once more at the interpreter's end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    except (OSError, InUseError, HeaderDiffersError, msgspec.DecodeError) as error:
        number = error.errno if isinstance(error, OSError) else None
        tell("failed", {"code": _CODES.get(type(error), "io_error"), "message": str(error), "errno": number})
        return FAILED


def _run(options: argparse.Namespace, settings: CompositionSettings, tell: Tell) -> int:
    priority = be_idle()
    commands = Commands(sys.stdin.fileno(), parentless=options.parentless)
    follow: bool = options.follow
    with SegmentStore(options.out, settings) as store, open_class(options.directory, follow=follow) as captured:
        tell("started", {"priority": priority, "segments": len(store.index.segments)})
        length = compose(captured, store, commands, tell, follow=follow)
        if length is None:
            return STOPPED
        index = store.index
        tell("done", {"duration": index.duration, "segments": len(index.segments), "captured": round(length, 3)})
        return DONE
