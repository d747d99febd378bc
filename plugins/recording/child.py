# SPDX-License-Identifier: Apache-2.0
"""What the child processes that make things have in common: they are told one JSON object a line, and they are idle.

When their input ends, whoever started them has died, and they stop at once.
"""

import os
import select
from typing import final

import msgspec

DONE, FAILED, STOPPED = 0, 1, 3
"""Exit codes."""
_HURRIED = 5
"""How nice the process is at the end."""


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
