# SPDX-License-Identifier: Apache-2.0
"""The control file: how `podium plugins` on this machine finds the running host and may ask it.

It holds the host's address and an administrator's key that is good for this process only. Only its owner may read it.
Of several hosts with one file the last is found; a host that ends takes away its own file and nobody else's.
"""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

LONGEST = 16 * 1024

logger = logging.getLogger(__name__)


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says."""

    url: str
    pid: int
    key: str
    metrics_url: str | None = None

    def __repr__(self) -> str:
        return f"Control(url={self.url!r}, pid={self.pid})"


@contextmanager
def control_file(name: str, control: Control) -> Iterator[None]:
    """Keep the file while the host runs. Where it cannot be written, a warning says so and the host goes on."""
    path = Path(name)
    if name and _write(path, control):
        try:
            yield
        finally:
            if read_control(name) == control:
                path.unlink(missing_ok=True)
    else:
        yield


def read_control(name: str) -> Control | None:
    """What the last host left; None when there is nothing, or nothing that makes sense."""
    if not name:
        return None
    try:
        with Path(name).open("rb") as file:
            return msgspec.json.decode(file.read(LONGEST), type=Control)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _write(path: Path, control: Control) -> bool:
    """All at once, so that nobody reads a half; a temporary file is its owner's only from the beginning."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(control))
            Path(temporary).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        logger.warning(
            "the control file cannot be written: `podium plugins` will not find this host",
            extra={"file": str(path), "problem": error.strerror},
        )
        return False
    return True
