# SPDX-License-Identifier: Apache-2.0
"""A host that serves recordings and makes none: rows, pieces and films are put there by a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import google_crc32c
import msgspec
import sqlalchemy as sa

from podium.core import Plugin, PluginContext
from podium.plugins.recording import serving, store
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.composer.segments import Index, Segment
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.place import Place
from podium.plugins.recording.storage import LocalStorage
from podium.plugins.recording.tables import metadata
from tests.builtin.host import BuiltinHost, running_host
from tests.plugins.stand_ins import found
from tests.web.site import Answer, Listener

KEY = bytes(32)
ID = "abcdefgh23456789"
BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
HEADER = b"\x00\x00\x00\x08free"


def recording(**changes: Any) -> store.Recording:
    """One that has just begun, but for the changes."""
    first = store.Recording(
        id=ID,
        session_id="math",
        series_id="math",
        title="Über Brüche/..",
        started_at=BEGAN,
        place="p",
        host="h",
        seen_at=BEGAN,
    )
    return msgspec.structs.replace(first, **changes)


class School(NamedTuple):
    """The host, and what its plugin keeps."""

    host: BuiltinHost
    studio: Any

    @property
    def link(self) -> str:
        return serving.watch_path(self.studio, ID, datetime.now(UTC))

    @property
    def films(self) -> Path:
        folder: Path = self.studio.place.film(ID)
        return folder

    async def keep(self, kept: store.Recording) -> None:
        """This, and nothing that was kept of it before."""

        def write(session: sa.orm.Session) -> None:
            store.delete(session, kept.id)
            store.add(session, kept)

        await self.host.context("recording").database.run(write)

    async def get(self, path: str, **headers: str) -> Answer:
        return await Listener(self.host.port).ask(f"GET {path}", None, **headers)

    def make_pieces(self, *pieces: bytes, complete: bool = False) -> None:
        """Bytes that nobody can play."""
        segments = []
        self.films.mkdir(parents=True, exist_ok=True)
        (self.films / "init.mp4").write_bytes(HEADER)
        for number, piece in enumerate(pieces):
            name = f"{number:06d}.m4s"
            (self.films / name).write_bytes(piece)
            crc = google_crc32c.value(piece)
            segments.append(Segment(number=number, name=name, ticks=200, size=len(piece), crc32c=crc, step="full"))
        self.put_index(Index(settings=CompositionSettings(), segments=tuple(segments), complete=complete))

    def put_index(self, index: Index) -> None:
        unfinished = self.films / "index.part"
        unfinished.write_bytes(msgspec.json.encode(index))
        unfinished.replace(self.films / "index.json")

    def make_film(self, content: bytes, name: str = f"math/{ID}/film.mp4") -> dict[str, Any]:
        """What the row says of it then."""
        path = self.studio.storage.path(name)
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        crc = google_crc32c.value(content)
        return {"state": "AVAILABLE", "object": name, "size": len(content), "crc32c": crc, "duration": 16.0}


@asynccontextmanager
async def open_school(folder: Path, *others: Plugin) -> AsyncIterator[School]:
    """With these plugins beside it."""
    place = Place(folder / "var", "p")
    studio = SimpleNamespace(link_key=KEY, storage=LocalStorage(place.kept), place=place, config=RecordingConfig())
    plugin = Plugin(
        "recording",
        version="1.0",
        tables=metadata,
        migrations="podium.plugins.recording.migrations",
        claims=("session_recordings",),
        static=serving.PACKAGE,
    )
    serving.declare_routes(plugin)

    @plugin.on_start
    async def begin(context: PluginContext) -> None:
        context.state = studio

    async with running_host(folder, f"sqlite:///{folder}/podium.db", found(plugin, *others)) as host:
        if "recording" not in host.plugins.running():
            await host.plugins.enable("recording")
        yield School(host, studio)
