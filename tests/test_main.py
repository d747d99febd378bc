# SPDX-License-Identifier: Apache-2.0
"""`python -m tests`: what a process of the tests says when it dies stands at the end, where one looks."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPEATED = "What the processes of the tests said on stderr, once more:"

DEADLY = """
import os
import threading

def test_dies() -> None:
    os.abort()

def test_hangs() -> None:
    threading.Event().wait()
"""


def run(directory: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run one file of tests in a process of xdist, without this repository's configuration and plugins."""
    path = directory / "test_it.py"
    path.write_text(text)
    settings = directory / "pytest.ini"
    settings.write_text("[pytest]\nfaulthandler_timeout = 1\nfaulthandler_exit_on_timeout = true\n")
    command = [sys.executable, "-m", "tests", "-p", "xdist", "-p", "no:cacheprovider", "--numprocesses", "1"]
    command += ["--rootdir", str(directory), "-c", str(settings), str(path)]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_what_processes_said_when_they_died_is_repeated(tmp_path: Path) -> None:
    result = run(tmp_path, DEADLY)
    assert result.returncode == 1
    assert result.stdout.count("crashed while running") >= 2
    at_once, _, repeated = result.stderr.partition(REPEATED)
    for said in ("Fatal Python error: Aborted", "in test_dies", "Timeout (0:00:01", "in test_hangs"):
        assert said in at_once
        assert said in repeated


def test_nothing_is_repeated_when_all_is_well(tmp_path: Path) -> None:
    result = run(tmp_path, "def test_nothing() -> None: pass")
    assert result.returncode == 0
    assert REPEATED not in result.stderr
