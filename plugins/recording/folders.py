# SPDX-License-Identifier: Apache-2.0
"""A folder in which one process at a time makes files, each whole or not there, whatever is killed when.

A file is written under another name, brought to the disk and renamed. What a crash left unfinished is removed.
"""

import fcntl
import os
from pathlib import Path
from typing import final

UNFINISHED = ".part"


class InUseError(RuntimeError):
    """Another process works in this folder."""


@final
class WorkFolder:
    """Made when there is none, and locked until it is closed."""

    def __init__(self, path: Path, lock: str) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = (path / lock).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise InUseError(f"another process works in {path}") from error
        for unfinished in path.glob(f"*{UNFINISHED}"):
            unfinished.unlink()

    def close(self) -> None:
        self._lock.close()

    def unfinished(self, name: str) -> Path:
        """Where a file is written until `keep`."""
        return self.path / (name + UNFINISHED)

    def write(self, name: str, data: bytes) -> None:
        """A whole file."""
        with self.unfinished(name).open("wb") as file:
            file.write(data)
        self.keep(name)

    def keep(self, name: str) -> None:
        """What is written and closed gets its name."""
        unfinished = self.unfinished(name)
        _sync(unfinished)
        unfinished.replace(self.path / name)
        _sync(self.path)


def _sync(path: Path) -> None:
    """Bring it to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
