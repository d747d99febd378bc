# SPDX-License-Identifier: Apache-2.0
"""What is served to whoever has a link: the page of the player, and all that it plays.

A link has a ticket in its path, signed for one recording (or one separate track) and good for some hours; every route
looks at it first, so nothing is learned without one. A ticket for watching does not open separate tracks. Nothing of a
path reaches the disk unless it has the form of what was made here.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from math import ceil
from pathlib import Path
from typing import Protocol

import msgspec
import trio

from podium.core import OperationError, Plugin, PluginContext, WebFile, WebRequest, WebResponse
from podium.plugins.recording import store, watching
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.storage import LocalStorage, Storage, StorageError
from podium.plugins.recording.storage.links import check_untrusted, sign
from podium.plugins.recording.store import Recording

PACKAGE = "podium.plugins.recording"
HOUR = 3600
HTML = "text/html; charset=utf-8"
JSON = "application/json"
PLAYLIST = "application/vnd.apple.mpegurl"
MP4 = "video/mp4"
KEPT = f"private, max-age={12 * HOUR}, immutable"

_ID = re.compile(r"[a-z0-9]{16}")
_PIECE = re.compile(r"init\.mp4|[0-9]{6}\.m4s")
_NUMBER = re.compile(r"[0-9]{1,4}")
_page = files(PACKAGE).joinpath("static", "watch.html").read_bytes()


class Films(Protocol):
    """Of studio.Studio's place."""

    def film(self, recording_id: str) -> Path: ...


class Studio(Protocol):
    """What this asks of `context.state`."""

    @property
    def link_key(self) -> bytes: ...
    @property
    def storage(self) -> Storage: ...
    @property
    def place(self) -> Films: ...
    @property
    def config(self) -> RecordingConfig: ...


def expires_at(studio: Studio, now: datetime) -> datetime:
    """When links end that are made now: a full hour, so that who asks again gets the same and keeps what is loaded."""
    end = (now + timedelta(hours=studio.config.link_hours)).timestamp()
    return datetime.fromtimestamp(ceil(end / HOUR) * HOUR, UTC)


def watch_path(studio: Studio, recording_id: str, now: datetime) -> str:
    """Where the player is, from the host's root on."""
    return _path(studio, recording_id, _watching(recording_id), now)


def download_path(studio: Studio, recording_id: str, now: datetime) -> str:
    """Where the film is, as a file to keep."""
    return f"{watch_path(studio, recording_id, now)}/download"


def track_path(studio: Studio, recording_id: str, number: int, now: datetime) -> str:
    """Where the separate track with this place in `track_list` is."""
    return f"{_path(studio, recording_id, _track(recording_id, number), now)}/track/{number}"


def declare_routes(plugin: Plugin) -> None:
    """Have the plugin serve all this."""
    base = "/watch/{recording_id}/{ticket}"
    plugin.route("GET", base)(page)
    plugin.route("GET", f"{base}/status.json")(status)
    plugin.route("GET", f"{base}/chapters.json")(chapters)
    plugin.route("GET", f"{base}/chat.json")(chat)
    plugin.route("GET", f"{base}/live.m3u8")(live)
    plugin.route("GET", f"{base}/piece/{{name}}")(piece)
    plugin.route("GET", f"{base}/film.mp4")(film)
    plugin.route("GET", f"{base}/download")(download)
    plugin.route("GET", f"{base}/track/{{number}}")(track)


async def page(context: PluginContext, request: WebRequest) -> WebResponse:
    """The same for all recordings: it asks for the rest, and says itself what is wrong with a link."""
    answer = HTTPStatus.OK
    try:
        _check_untrusted(context.state, request, _watching(request.fields["recording_id"]))
    except OperationError:
        answer = HTTPStatus.FORBIDDEN
    return WebResponse(body=_page, content_type=HTML, status=answer)


async def status(context: PluginContext, request: WebRequest) -> WebResponse:
    """How far the recording is, and what can be played."""
    recording = await _recording_untrusted(context, request)
    folder = context.state.place.film(recording.id)
    return _json(await trio.to_thread.run_sync(watching.status, recording, folder))


async def chapters(context: PluginContext, request: WebRequest) -> WebResponse:
    """Who spoke and what was shared when."""
    recording = await _recording_untrusted(context, request)
    return _json(watching.shown_chapters(await _chapters(context, recording)))


async def chat(context: PluginContext, request: WebRequest) -> WebResponse:
    """What was written to everybody while it was recorded."""
    recording = await _recording_untrusted(context, request)
    known = await _chapters(context, recording)
    return _json(await watching.chat(context, recording, known))


async def live(context: PluginContext, request: WebRequest) -> WebResponse:
    """The finished pieces as a playlist, while they are made and for some time afterwards."""
    recording = await _recording_untrusted(context, request)
    folder = context.state.place.film(recording.id)
    text = await trio.to_thread.run_sync(watching.live_playlist, recording, folder)
    if text is None:
        raise OperationError("not_found", "not_live", "nothing of this recording can be watched here at the moment")
    return WebResponse(body=text, content_type=PLAYLIST)


async def piece(context: PluginContext, request: WebRequest) -> WebResponse:
    """One of them, or their common header. The playlist names each by its content too, so it never changes."""
    recording = await _recording_untrusted(context, request)
    name = request.fields["name"]
    if not _PIECE.fullmatch(name):
        raise OperationError("not_found", "piece_unknown", "there is no such piece")
    return WebResponse(
        file=context.state.place.film(recording.id) / name, content_type=MP4, headers={"Cache-Control": KEPT}
    )


async def film(context: PluginContext, request: WebRequest) -> WebResponse:
    """For the player; from this host even where the storage has links, as the page's policy wants it."""
    recording = await _recording_untrusted(context, request)
    name, size, crc32c = _kept_film(recording)
    return WebResponse(file=_file(context.state.storage, name, size, crc32c), content_type=MP4)


async def download(context: PluginContext, request: WebRequest) -> WebResponse:
    """The film as a file to keep."""
    recording = await _recording_untrusted(context, request)
    name, size, crc32c = _kept_film(recording)
    return await _handed_out(context.state.storage, name, size, crc32c, f"{filename(recording)}.mp4", MP4)


async def track(context: PluginContext, request: WebRequest) -> WebResponse:
    """One separate track, by a ticket of its own."""
    shown = request.fields["number"]
    number = int(shown) if _NUMBER.fullmatch(shown) else 0
    recording = await _recording_untrusted(context, request, _track(request.fields["recording_id"], number))
    if not number < len(recording.track_list):
        raise OperationError("not_found", "track_unknown", "there is no such track")
    kept = recording.track_list[number]
    name = f"{recording.session_id}/{recording.id}/tracks/{kept.file}"
    kind = "video/x-matroska" if kept.file.endswith(".mkv") else f"{kept.kind}/webm"
    given = f"{filename(recording)}-{_plain(kept.display_name) or kept.participant_id}-{kept.file}"
    return await _handed_out(context.state.storage, name, kept.size, kept.crc32c, given, kind)


def filename(recording: Recording) -> str:
    """What a downloaded file is called, of letters that every header and storage takes, without the ending."""
    title = _plain(recording.title) or _plain(recording.session_id) or "recording"
    return f"{title}-{recording.started_at:%Y-%m-%d}"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:60]


def _path(studio: Studio, recording_id: str, what: str, now: datetime) -> str:
    ticket = sign(studio.link_key, what, int(expires_at(studio, now).timestamp()))
    return f"/plugins/recording/watch/{recording_id}/{ticket}"


def _watching(recording_id: str) -> str:
    return f"watch/{recording_id}"


def _track(recording_id: str, number: int) -> str:
    return f"track/{recording_id}/{number}"


def _check_untrusted(studio: Studio, request: WebRequest, what: str) -> None:
    """Raises OperationError."""
    check_untrusted(studio.link_key, what, request.fields["ticket"], datetime.now(UTC).timestamp())
    if not _ID.fullmatch(request.fields["recording_id"]):
        raise OperationError("not_found", "recording_unknown", "there is no such recording")


async def _recording_untrusted(context: PluginContext, request: WebRequest, what: str | None = None) -> Recording:
    """What the request is for, if its ticket opens that. Raises OperationError."""
    recording_id = request.fields["recording_id"]
    _check_untrusted(context.state, request, what or _watching(recording_id))
    recording: Recording | None = await context.database.read(store.get, recording_id)
    if recording is None or (recording.delete_at is not None and recording.delete_at <= datetime.now(UTC)):
        raise OperationError("not_found", "recording_unknown", "this recording is not there any more")
    return recording


async def _chapters(context: PluginContext, recording: Recording) -> watching.ChapterFile | None:
    folder = context.state.place.film(recording.id)
    try:
        return await trio.to_thread.run_sync(watching.read_chapters, recording, folder, context.state.storage)
    except (StorageError, msgspec.DecodeError, OSError) as error:
        context.log.warning("chapters cannot be read", recording=recording.id, error=str(error))
        return None


def _kept_film(recording: Recording) -> tuple[str, int, int]:
    """Name, size and checksum of the object. Raises OperationError."""
    if recording.state != "AVAILABLE" or recording.object is None or recording.size is None:
        raise OperationError("conflict", "film_not_ready", "the film of this recording is not ready")
    return recording.object, recording.size, recording.crc32c or 0


async def _handed_out(
    storage: Storage, name: str, size: int, crc32c: int, given: str, content_type: str
) -> WebResponse:
    """As a file to keep: from where it is kept if that can be, else from here."""
    try:
        url = await trio.to_thread.run_sync(partial(storage.link, name, timedelta(hours=1), given))
    except StorageError as error:
        raise OperationError("unavailable", error.code, "the storage of recordings does not answer") from error
    if url is not None:
        return WebResponse(status=HTTPStatus.FOUND, headers={"Location": url})
    disposition = f'attachment; filename="{given}"'
    file = _file(storage, name, size, crc32c)
    return WebResponse(file=file, content_type=content_type, headers={"Content-Disposition": disposition})


def _file(storage: Storage, name: str, size: int, crc32c: int) -> Path | WebFile:
    if isinstance(storage, LocalStorage):
        return storage.path(name)

    def read(start: int, length: int) -> Iterator[bytes]:
        return storage.read(name, start, length)

    return WebFile(size=size, version=f"{size:x}-{crc32c:08x}", read=read)


def _json(answer: msgspec.Struct) -> WebResponse:
    return WebResponse(body=msgspec.json.encode(answer), content_type=JSON)
