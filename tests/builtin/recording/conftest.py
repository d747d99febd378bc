# SPDX-License-Identifier: Apache-2.0
"""Storages to test: a local directory, and a bucket of an emulator that runs as a server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podium.plugins.recording.storage import LocalStorage, Storage
from tests.builtin.recording.storage_server import BUCKET, StorageServer, running

PATIENCE = 1.0
MakeFile = Callable[..., Path]


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageServer]:
    with running(tmp_path_factory.mktemp("bucket")) as server:
        yield server


@pytest.fixture
def storage_server(running_server: StorageServer) -> StorageServer:
    """In order, and with nothing asked yet."""
    running_server.fail(refuse=(0, 0, ""), corrupt=0, hold=0)
    running_server.requests()
    return running_server


@pytest.fixture
def cloud(storage_server: StorageServer, tmp_path: Path) -> Storage:
    """With little patience. Names are this test's own."""
    from podium.plugins.recording.storage.gcs import CloudStorage

    return CloudStorage(BUCKET, prefix=tmp_path.name, endpoint=storage_server.url, patience=PATIENCE)


@pytest.fixture
def local(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "recordings")


@pytest.fixture(params=["local", "cloud"])
def storage(request: pytest.FixtureRequest) -> Storage:
    found: Storage = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    def make(content: bytes, name: str = "source") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make
