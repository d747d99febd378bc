# SPDX-License-Identifier: Apache-2.0
"""The guard itself: what other tests rely on when nothing happens."""

import signal
import subprocess
import sys

from tests.core.guarded import guarded

OVERREAD = "from tests.core import guarded; import ctypes; ctypes.string_at(guarded._address + guarded._ROOM - 1, {})"


def _status_of_reading(size: int) -> int:
    return subprocess.run([sys.executable, "-c", OVERREAD.format(size)], capture_output=True, check=False).returncode


def test_the_bytes_are_those_given() -> None:
    assert bytes(guarded(b"podium")) == b"podium"
    assert bytes(guarded(b"")) == b""


def test_the_last_byte_can_be_read_and_the_next_cannot() -> None:
    assert _status_of_reading(1) == 0
    assert _status_of_reading(2) in (-signal.SIGSEGV, -signal.SIGBUS)
