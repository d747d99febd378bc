# SPDX-License-Identifier: Apache-2.0
"""What the machine did during a measurement: processor time of a thread, and time that others took away."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread


def thread_seconds(thread: Thread) -> float:
    """User and system time of a running thread; packets on loopback are delivered in it, too."""
    assert thread.ident is not None
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


@dataclass(frozen=True)
class Shares:
    """Fractions of all processor time: `stolen` by the hypervisor, `busy` with anything on this machine."""

    stolen: float
    busy: float


class Watch:
    """Shares of processor time since it was made (from /proc/stat)."""

    def __init__(self) -> None:
        self._before = _jiffies()

    def shares(self) -> Shares:
        used = [after - before for before, after in zip(self._before, _jiffies(), strict=True)]
        total = max(1, sum(used))
        idle, stolen = used[3] + used[4], used[7]
        return Shares(stolen / total, (total - idle - stolen) / total)


def _jiffies() -> list[int]:
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    return [int(field) for field in first.split()[1:9]]


def description() -> str:
    """Processor, number of cores, kernel."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), "?")
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the sorted values lies; not a number for none."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")
