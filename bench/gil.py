# SPDX-License-Identifier: Apache-2.0
"""Whether Python can hold up forwarding: one-way delay while a thread of the server's process holds the GIL.

Three measurements of the same lecture: at rest; beside a busy process, which takes as much processor time but no lock
of ours; and beside a busy Python thread in the server's own process. What the last has more than the second is the
GIL's.

    python -m bench.gil [--receivers 20] [--seconds 10]
"""

import argparse
import multiprocessing
import threading
import time

from bench.lecture import Figures, lecture
from bench.machine import description


def main() -> None:
    arguments = _arguments()
    print(description())
    print(f"{arguments.receivers} receivers, {arguments.seconds:g} s each\n")
    headings = ("", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "delivered", "steal", "busy")
    print("  ".join(f"{heading:>12}" for heading in headings))
    with lecture(arguments.receivers) as running:
        print(row("at rest", running.measure(arguments.seconds)))
        print(row("busy process", running.measure(arguments.seconds, busy_process)))
        print(row("busy thread", running.measure(arguments.seconds, busy_thread)))


def row(name: str, figures: Figures) -> str:
    cells = (
        name,
        *(f"{figures.delay(share):.3f}" for share in (0.5, 0.99, 0.999, 1.0)),
        f"{figures.delivered / max(1, figures.expected):.2%}",
        f"{figures.machine.stolen:.1%}",
        f"{figures.machine.busy:.0%}",
    )
    return "  ".join(f"{cell:>12}" for cell in cells)


def busy_process(seconds: float) -> None:
    """Beside a process of its own that computes without pause."""
    process = multiprocessing.get_context("spawn").Process(target=_compute, args=(seconds,))
    process.start()
    process.join()


def busy_thread(seconds: float) -> None:
    """Beside a thread of this process that computes without pause, so that nobody else gets the GIL."""
    thread = threading.Thread(target=_compute, args=(seconds,))
    thread.start()
    thread.join()


def _compute(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        sum(range(1000))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--receivers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
