# SPDX-License-Identifier: Apache-2.0
"""Runs all tests: `python -m tests`. With arguments it is pytest with these arguments.

Most tests wait more than they compute, so they run beside each other. Those with a browser decode video and would get
in each other's way: they come after the others, one by one.

A process of the tests that dies (a fatal signal in C, or a test that took too long) can say so on stderr only, in
the middle of everything else; the report then just has "crashed". So this is repeated at the end.
"""

import os
import subprocess
import sys
import threading
from collections import deque

PYTEST = [sys.executable, "-m", "pytest"]
BESIDE_EACH_OTHER = ["--numprocesses", str((os.cpu_count() or 1) + 1), "-m", "not campaign and not browser"]
ONE_BY_ONE = ["-m", "browser and not campaign"]
SLOWEST = ["--durations", "20"]
KEPT = 1000
"""Lines of stderr that are repeated; the stacks of one process are about a hundred."""
CLOSING = 5
"""Seconds that the end of stderr is waited for: what a test left running may hold it open."""


def main(arguments: list[str]) -> int:
    """1 when something has failed, 0 otherwise. The second part is run in both cases."""
    parts = [arguments] if arguments else [[*BESIDE_EACH_OTHER, *SLOWEST], [*ONE_BY_ONE, *SLOWEST]]
    codes = [run(part) for part in parts]
    return int(any(codes))


def run(arguments: list[str]) -> int:
    """The exit code of pytest, after the last words of its processes if it failed."""
    lines: deque[bytes] = deque(maxlen=KEPT)
    reading, writing = os.pipe()
    # It may outlive pytest, see CLOSING.
    copying = threading.Thread(target=pass_on, args=(reading, lines), daemon=True)
    copying.start()
    try:
        code = subprocess.run([*PYTEST, *arguments], stderr=writing, check=False).returncode
    finally:
        os.close(writing)
        copying.join(CLOSING)
    if code != 0 and lines:
        print("What the processes of the tests said on stderr, once more:", file=sys.stderr)
        sys.stderr.writelines(line.decode(errors="replace") for line in tuple(lines))
        sys.stderr.flush()
    return code


def pass_on(reading: int, lines: deque[bytes]) -> None:
    with open(reading, "rb") as stream:
        for line in stream:
            lines.append(line)
            os.write(sys.stderr.fileno(), line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
