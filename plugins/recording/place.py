# SPDX-License-Identifier: Apache-2.0
"""The folders in which recordings are captured and made. Whoever shares them (hosts, recorders) shares their id.

Packets are on the machine that captured them, or on a disk that several machines see. The id says which it is, so that
nobody begins to make a film of packets that are elsewhere.
"""

import os
import re
import secrets
from pathlib import Path
from typing import final

_FILE = "place"
_ID = re.compile(r"[0-9a-f]{32}")


@final
class Place:
    """Made by `open_place`."""

    def __init__(self, root: Path, place_id: str) -> None:
        self.root = root
        self.id = place_id

    def captured(self, recording_id: str) -> Path:
        """What capture has written."""
        return self.root / "captured" / recording_id

    def film(self, recording_id: str) -> Path:
        """The pieces of the film."""
        return self.root / "films" / recording_id

    def tracks(self, recording_id: str) -> Path:
        """Separate tracks, until they are stored."""
        return self.root / "tracks" / recording_id

    @property
    def kept(self) -> Path:
        """Where films stay when there is no cloud."""
        return self.root / "kept"


def open_place(root: Path) -> Place:
    """The folder and its id, made when there is none. For a thread. Raises OSError, and ValueError for a broken id."""
    root.mkdir(parents=True, exist_ok=True)
    file = root / _FILE
    try:
        found = file.read_text().strip()
    except FileNotFoundError:
        found = _make(file)
    if not _ID.fullmatch(found):
        raise ValueError(f"{file} should have 32 hexadecimal digits; if no recording is unfinished, delete it")
    return Place(root, found)


def _make(file: Path) -> str:
    """Written whole under another name; of several who do it at once one wins."""
    unfinished = file.with_name(f"{_FILE}.{secrets.token_hex(8)}")
    with unfinished.open("w") as stream:
        stream.write(secrets.token_hex(16))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(unfinished, file)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
    return file.read_text().strip()
