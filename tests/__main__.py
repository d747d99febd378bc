# SPDX-License-Identifier: Apache-2.0
"""Runs all tests: `python -m tests`. With arguments it is pytest with these arguments.

Most tests wait more than they compute, so they run beside each other. Those with a browser decode video and would get
in each other's way: they come after the others, one by one.
"""

import os
import subprocess
import sys

PYTEST = [sys.executable, "-m", "pytest"]
BESIDE_EACH_OTHER = ["--numprocesses", str((os.cpu_count() or 1) + 1), "-m", "not campaign and not browser"]
ONE_BY_ONE = ["-m", "browser and not campaign"]


def main(arguments: list[str]) -> int:
    """1 when something has failed, 0 otherwise. The second part is run in both cases."""
    parts = [arguments] if arguments else [BESIDE_EACH_OTHER, ONE_BY_ONE]
    codes = [subprocess.run([*PYTEST, *part], check=False).returncode for part in parts]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
