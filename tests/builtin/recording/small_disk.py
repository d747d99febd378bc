# SPDX-License-Identifier: Apache-2.0
"""A disk of a few megabytes that can be filled: a tmpfs in a mount namespace of the thread that makes it.

Processes started by this thread see it, nothing else does, and it goes with them. Only root may make one.
"""

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_MS_REC, _MS_PRIVATE = 0x4000, 1 << 18
_CHUNK = 1 << 16


class SmallDisk:
    """Made by `small_disk`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def keep_full(self, seconds: float) -> None:
        """Take every byte that somebody gives up meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._fill()
            time.sleep(0.05)

    def _fill(self) -> None:
        with self._filler.open("ab", buffering=0) as file:
            size = _CHUNK
            while size:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2

    def free(self) -> None:
        with suppress(FileNotFoundError):
            self._filler.unlink()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mounted at this folder. Raises OSError where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = Path.cwd()
    before = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY)
    try:
        _call(libc.unshare, _CLONE_NEWNS)
        try:
            _call(libc.mount, b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
            folder.mkdir(parents=True, exist_ok=True)
            _call(libc.mount, b"none", os.fsencode(folder), b"tmpfs", 0, f"size={megabytes}m".encode())
            yield SmallDisk(folder)
        finally:
            _call(libc.setns, before, _CLONE_NEWNS)
            os.chdir(here)
    finally:
        os.close(before)


def _call(function: "ctypes._NamedFuncPointer", *arguments: object) -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")
