# SPDX-License-Identifier: Apache-2.0
"""What the player is told of a recording: how far it is, the pieces there are, chapters, and the chat in film time.

What was written while recording was paused is left out, as is everything that was private. Why something failed is for
those who lead the class (GetRecording); a viewer is told the code alone, since messages name places on the host.
"""

from bisect import bisect_right
from datetime import datetime
from pathlib import Path
from typing import Any

import google_crc32c
import msgspec

from podium.core import PluginContext, PodiumError
from podium.plugins.recording.composer.segments import HEADER, Index, read_index
from podium.plugins.recording.playlist import Entry, playlist
from podium.plugins.recording.storage import Storage
from podium.plugins.recording.store import Recording

CHAPTERS = "chapters.json"
MOST_PARTS = 20
"""Parts of the chat that are read at most, the oldest first."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows beside the picture."""

    recording_id: str
    title: str
    state: str
    paused: bool
    started_at: datetime
    ended_at: datetime | None
    duration: float | None
    percent: int
    behind: float
    problem: str | None
    film: bool
    """Whether there is the whole film; else, whether its pieces can be played."""
    live: bool
    codecs: str | None
    """Of the pieces, as browsers want to have it said."""


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """From `time` until `until` in seconds of the film."""

    time: float
    until: float
    kind: str
    display_name: str


class ChapterFile(msgspec.Struct, frozen=True, kw_only=True):
    """What composition leaves beside the film. `pieces` map the class's time to the film's; pauses lie between them."""

    started_at: float
    pieces: tuple[tuple[float, float, float], ...]
    chapters: tuple[Chapter, ...]

    def film_time(self, at: float) -> float | None:
        """Where this moment (seconds since 1970) is in the film; None when it was not recorded."""
        since = at - self.started_at
        number = bisect_right(self.pieces, since, key=lambda one: one[0]) - 1
        if number < 0:
            return None
        begins, film, length = self.pieces[number]
        is_last = number == len(self.pieces) - 1
        return film + since - begins if since - begins < length or is_last else None


class Chapters(msgspec.Struct, frozen=True, kw_only=True):
    """In the order of the film."""

    chapters: tuple[Chapter, ...]


class ChatLine(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote, and when in the film; without text when it was deleted."""

    time: float
    display_name: str
    text: str | None


class ChatLines(msgspec.Struct, frozen=True, kw_only=True):
    """In the order in which they were written."""

    messages: tuple[ChatLine, ...]


class _Sender(msgspec.Struct):
    display_name: str


class _Message(msgspec.Struct):
    """Of the chat's export, as much as is used here."""

    at: datetime
    sender: _Sender
    text: str | None


class _Export(msgspec.Struct):
    messages: tuple[_Message, ...]
    next: str | None


def status(recording: Recording, folder: Path) -> Status:
    """Reads the folder of the pieces."""
    index = read_index(folder)
    header = _header(folder) if index is not None and index.segments else None
    return Status(
        recording_id=recording.id,
        title=recording.title or recording.session_id,
        state=recording.state,
        paused=recording.paused,
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        duration=recording.duration,
        percent=recording.percent,
        behind=recording.behind,
        problem=recording.problem_code,
        film=recording.state == "AVAILABLE",
        live=header is not None,
        codecs=codecs(header) if header is not None else None,
    )


def live_playlist(recording: Recording, folder: Path) -> str | None:
    """With addresses beside its own; None when there are no pieces here."""
    index = read_index(folder)
    header = _header(folder)
    if index is None or not index.segments or header is None:
        return None
    entries = [Entry(f"piece/{each.name}?{each.crc32c:08x}", _seconds(index, each.ticks)) for each in index.segments]
    ended = index.complete and recording.state != "RECORDING"  # a new run of capture may follow
    return playlist(f"piece/{HEADER}?{google_crc32c.value(header):08x}", entries, ended=ended)


def codecs(header: bytes) -> str | None:
    """What RFC 6381 calls the codecs of pieces with this header; None for others than H.264 with AAC."""
    place = header.find(b"avcC")
    if place < 0 or b"mp4a" not in header:
        return None
    return f"avc1.{header[place + 5 : place + 8].hex()}, mp4a.40.2"


def read_chapters(recording: Recording, folder: Path, storage: Storage) -> ChapterFile | None:
    """From where they are made, or where they are kept. Raises OSError, StorageError or DecodeError."""
    try:
        text = (folder / CHAPTERS).read_bytes()
    except FileNotFoundError:
        name = f"{recording.session_id}/{recording.id}/{CHAPTERS}"
        if recording.state != "AVAILABLE" or storage.stat(name) is None:
            return None
        text = b"".join(storage.read(name))
    return msgspec.json.decode(text, type=ChapterFile)


def shown_chapters(known: ChapterFile | None) -> Chapters:
    """All of them."""
    return Chapters(chapters=known.chapters if known is not None else ())


async def chat(context: PluginContext, recording: Recording, known: ChapterFile | None) -> ChatLines:
    """What the plugin for it has kept; nothing where there is none."""
    lines: list[ChatLine] = []
    after: str | None = None
    try:
        for _ in range(MOST_PARTS):
            fields: dict[str, object] = {"session_id": recording.session_id, "after": after}
            answer: Any = await context.operations.call("ExportChat", fields)
            part = msgspec.convert(answer, _Export, from_attributes=True)
            lines += [line for message in part.messages if (line := _line(recording, known, message)) is not None]
            after = part.next
            if after is None:
                break
    except PodiumError as error:
        if error.code != "operation_unknown":
            context.log.warning("chat cannot be read", recording=recording.id, error=str(error))
    return ChatLines(messages=tuple(lines))


def _line(recording: Recording, known: ChapterFile | None, message: _Message) -> ChatLine | None:
    """None for what was not written during the recording."""
    if message.at < recording.started_at or (recording.ended_at is not None and message.at > recording.ended_at):
        return None
    time = (message.at - recording.started_at).total_seconds()
    if known is not None:
        found = known.film_time(message.at.timestamp())
        if found is None:
            return None
        time = found
    return ChatLine(time=round(max(0.0, time), 2), display_name=message.sender.display_name, text=message.text)


def _header(folder: Path) -> bytes | None:
    try:
        return (folder / HEADER).read_bytes()
    except FileNotFoundError:
        return None


def _seconds(index: Index, ticks: int) -> float:
    return ticks / index.settings.frame_rate
