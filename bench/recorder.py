# SPDX-License-Identifier: Apache-2.0
"""What makes films, in a process of its own, as in a host or in `podium recorder`: jobs, the composer, the storage.

    python -m bench.recorder FOLDER [URL of a storage emulator]

It is woken by each line on its standard input, as a host wakes it when a class ends, and stops at its end.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
import trio
from sqlalchemy.orm import Session

from podium.core import Database, open_database
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.place import open_place
from podium.plugins.recording.storage import LocalStorage, Storage, cloud_storage
from podium.plugins.recording.tables import metadata
from podium.plugins.recording.work import Workshop, work
from tests.builtin.recording.storage_server import BUCKET


@asynccontextmanager
async def database_of(folder: Path) -> AsyncIterator[Database]:
    """With its tables."""

    def make_tables(session: Session) -> None:
        metadata.create_all(session.connection())

    async with open_database(f"sqlite:///{folder}/podium.db") as database:
        await database.run(make_tables)
        yield database


def storage_of(folder: Path, url: str | None) -> Storage:
    """In a bucket at this address, else in the folder."""
    return cloud_storage(BUCKET, endpoint=url) if url else LocalStorage(open_place(folder).kept)


async def record(folder: Path, url: str | None) -> None:
    async with database_of(folder) as database, trio.open_nursery() as nursery:
        workshop = Workshop(
            database=database,
            storage=storage_of(folder, url),
            place=open_place(folder),
            config=RecordingConfig(idle_seconds=3600),
            log=structlog.stdlib.get_logger("recorder"),
        )
        nursery.start_soon(work, workshop)
        async with trio.lowlevel.FdStream(0) as words:
            async for _ in words:
                workshop.wake()
        nursery.cancel_scope.cancel()


def main() -> None:
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    trio.run(record, Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)


if __name__ == "__main__":
    main()
