# SPDX-License-Identifier: Apache-2.0
"""Google Cloud Storage: uploads that go on, servers that fail, and links that Google would serve. All over HTTP."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from podium.plugins.recording.storage import StorageError, cloud_storage
from podium.plugins.recording.storage.session import CHUNK, load_progress, progress_path, save_progress
from tests.builtin.recording import uploader
from tests.builtin.recording.conftest import MakeFile
from tests.builtin.recording.storage_server import BUCKET, StorageServer, running

CONTENT = random.Random(4).randbytes(CHUNK * 2 + 1000)
UPLOAD = "PUT /upload"
SESSION = "POST /upload"


def content(storage: Any, name: str) -> bytes:
    return b"".join(storage.read(name))


def test_a_file_goes_up_in_pieces_and_once_only(cloud: Any, storage_server: StorageServer, make_file: MakeFile) -> None:
    file = make_file(CONTENT)
    cloud.put("one.mp4", file, "video/mp4")
    asked = storage_server.requests()
    assert [line.split("?")[0] for line in asked if "/upload" in line] == [
        f"{SESSION}/storage/v1/b/{BUCKET}/o",
        *[f"{UPLOAD}/storage/v1/b/{BUCKET}/o"] * 3,
    ]
    assert not progress_path(file).exists()
    cloud.put("one.mp4", file, "video/mp4")
    assert [line.split()[0] for line in storage_server.requests()] == ["GET"]


def test_an_upload_goes_on_where_a_killed_one_was(
    cloud: Any, storage_server: StorageServer, make_file: MakeFile, tmp_path: Path
) -> None:
    file = make_file(CONTENT)
    storage_server.fail(hold=1)
    command = [sys.executable, "-m", uploader.__name__, str(file), storage_server.url, tmp_path.name]
    with subprocess.Popen(command) as process:
        storage_server.wait_for("held")
        process.send_signal(signal.SIGKILL)
    storage_server.go_on()
    progress = load_progress(file)
    assert progress is not None
    assert progress_path(file).stat().st_mode & 0o077 == 0
    storage_server.requests()
    cloud.put("class/one.mp4", file, "video/mp4")
    asked = [line for line in storage_server.requests() if "/upload" in line]
    assert [line.split()[0] for line in asked] == ["PUT"] * 3, "the question how far it came, and two pieces"
    assert content(cloud, "class/one.mp4") == CONTENT
    assert [each.name for each in cloud.list("")] == ["class/one.mp4"]


def test_an_upload_that_was_finished_but_not_noticed_is_not_done_again(
    cloud: Any, storage_server: StorageServer, make_file: MakeFile
) -> None:
    file = make_file(b"content")
    storage_server.fail(refuse=(500, 100, UPLOAD))
    with pytest.raises(StorageError):
        cloud.put("one", file, "video/mp4")
    progress = load_progress(file)
    assert progress is not None
    storage_server.fail(refuse=(0, 0, ""))
    cloud.put("one", file, "video/mp4")
    save_progress(file, progress)
    storage_server.requests()
    cloud.put("one", file, "video/mp4")
    assert storage_server.requests(UPLOAD) == []
    assert not progress_path(file).exists()


def test_the_progress_of_another_content_is_not_used(
    cloud: Any, storage_server: StorageServer, make_file: MakeFile
) -> None:
    storage_server.fail(refuse=(500, 100, UPLOAD))
    with pytest.raises(StorageError):
        cloud.put("one", make_file(b"content"), "video/mp4")
    storage_server.fail(refuse=(0, 0, ""))
    cloud.put("one", make_file(b"another"), "video/mp4")
    assert content(cloud, "one") == b"another"
    progress_path(make_file(b"x")).write_bytes(b'{"torn')
    cloud.put("two", make_file(b"x"), "video/mp4")


def test_a_full_disk_does_not_keep_a_file_from_going_up(
    cloud: Any, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("podium.plugins.recording.storage.gcs.save_progress", full)
    cloud.put("one", make_file(b"content"), "video/mp4")
    assert content(cloud, "one") == b"content"


@pytest.mark.parametrize(
    ("status", "times", "method"),
    [(503, 2, UPLOAD), (429, 1, UPLOAD), (404, 1, UPLOAD), (410, 1, UPLOAD), (503, 1, SESSION)],
)
def test_short_failures_are_not_noticed(
    cloud: Any, storage_server: StorageServer, make_file: MakeFile, status: int, times: int, method: str
) -> None:
    storage_server.fail(refuse=(status, times, method))
    cloud.put("one", make_file(b"content"), "video/mp4")
    assert content(cloud, "one") == b"content"


def test_another_who_puts_the_same_is_no_harm(cloud: Any, storage_server: StorageServer, make_file: MakeFile) -> None:
    storage_server.fail(refuse=(412, 1, UPLOAD))
    cloud.put("one", make_file(b"content"), "video/mp4")
    storage_server.fail(refuse=(412, 2, UPLOAD))
    with pytest.raises(StorageError, match="changed by others, twice") as refused:
        cloud.put("two", make_file(b"content"), "video/mp4")
    assert refused.value.retry


def test_what_arrives_wrong_is_sent_again_once(cloud: Any, storage_server: StorageServer, make_file: MakeFile) -> None:
    storage_server.fail(corrupt=1)
    cloud.put("one", make_file(b"content"), "video/mp4")
    storage_server.fail(corrupt=2)
    with pytest.raises(StorageError, match="two arrived wrong"):
        cloud.put("two", make_file(b"content"), "video/mp4")
    assert [each.name for each in cloud.list("")] == ["one"]


def test_an_outage_can_be_waited_for(tmp_path: Path, make_file: MakeFile) -> None:
    from podium.plugins.recording.storage.gcs import CloudStorage

    file = make_file(b"content")
    with running(tmp_path / "bucket") as server:
        storage = CloudStorage(BUCKET, endpoint=server.url, patience=0.1)
        storage.put("before", file, "video/mp4")
        server.stop()
        for use in (
            lambda: storage.put("one", file, "video/mp4"),
            lambda: storage.join(["before"], "one", "video/mp4"),
            lambda: storage.stat("before"),
            lambda: content(storage, "before"),
            lambda: list(storage.list("")),
            lambda: storage.delete("before"),
        ):
            with pytest.raises(StorageError) as refused:
                use()
            assert (refused.value.code, refused.value.retry) == ("storage_unavailable", True)
        server.start()
        storage.put("one", file, "video/mp4")
        assert [each.name for each in storage.list("")] == ["before", "one"]


class TestJoining:
    def parts(self, cloud: Any, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """With three at a time instead of 32, so that it takes two rounds."""
        monkeypatch.setattr("podium.plugins.recording.storage.gcs.MOST_SOURCES", 3)
        parts = [f"parts/{number}" for number in range(10)]
        for number, part in enumerate(parts):
            cloud.put(part, make_file(str(number).encode()), "video/mp4")
        return parts

    def test_it_goes_on_wherever_it_was_interrupted(
        self, cloud: Any, storage_server: StorageServer, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After each of its changes once, until nothing is left to interrupt."""
        parts = self.parts(cloud, make_file, monkeypatch)
        real, made, interruptions = type(cloud)._compose, list[str](), 0

        class KilledError(Exception):
            pass

        def compose(self: Any, sources: Any, name: str, content_type: str) -> Any:
            before = len(storage_server.requests("POST"))
            found = real(self, sources, name, content_type)
            if len(storage_server.requests("POST")) + before:
                made.append(name)
                raise KilledError
            return found

        monkeypatch.setattr(type(cloud), "_compose", compose)
        storage_server.requests()
        while True:
            try:
                cloud.join(parts, "whole", "video/mp4")
                break
            except KilledError:
                interruptions += 1
        assert interruptions == len(made) == len(set(made)) == 7, "4 of three, 2 of those, and the whole: each once"
        assert content(cloud, "whole") == b"0123456789"
        assert [each.name for each in cloud.list("")] == [*parts, "whole"], "nothing is left of what was between"

    def test_many_parts_in_few_folders_are_looked_at_in_few_requests(
        self, cloud: Any, storage_server: StorageServer, make_file: MakeFile
    ) -> None:
        groups = [f"class/groups/{number}" for number in range(6)]
        parts = ["class/head", *groups, *(f"class/pieces/{number}" for number in range(6))]
        for part in parts:
            cloud.put(part, make_file(part.encode()), "video/mp4")
        storage_server.requests()
        cloud.join(parts, "whole", "video/mp4")
        assert len(storage_server.requests("GET")) <= 5, "a list, not each of them"
        assert content(cloud, "whole") == "".join(parts).encode()

    def test_what_was_between_others_is_not_used(
        self, cloud: Any, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parts = self.parts(cloud, make_file, monkeypatch)
        cloud.put("whole.join/0-000000", make_file(b"old"), "video/mp4")
        cloud.join(parts, "whole", "video/mp4")
        assert content(cloud, "whole") == b"0123456789"

    def test_what_is_joined_wrong_is_joined_again_once(
        self, cloud: Any, storage_server: StorageServer, make_file: MakeFile
    ) -> None:
        cloud.put("a", make_file(b"a"), "video/mp4")
        storage_server.fail(corrupt=1)
        cloud.join(["a", "a"], "whole", "video/mp4")
        assert content(cloud, "whole") == b"aa"
        storage_server.fail(corrupt=2)
        with pytest.raises(StorageError, match="joined wrong"):
            cloud.join(["a", "a", "a"], "other", "video/mp4")
        assert cloud.stat("other") is None


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code", "said"),
        [
            (403, "forbidden", r"Storage Object User \(roles/storage.objectUser\) on gs://classes"),
            (418, "storage_failed", "418"),
        ],
    )
    def test_what_somebody_has_to_put_right_is_said(
        self, cloud: Any, storage_server: StorageServer, make_file: MakeFile, status: int, code: str, said: str
    ) -> None:
        for method in (f"GET /storage/v1/b/{BUCKET}/o/", SESSION):
            storage_server.fail(refuse=(status, 1, method))
            with pytest.raises(StorageError, match=said) as refused:
                cloud.put("one", make_file(b"content"), "video/mp4")
            assert (refused.value.code, refused.value.retry) == (code, False)

    def test_a_bucket_that_is_missing_is_named(self, storage_server: StorageServer, make_file: MakeFile) -> None:
        storage = cloud_storage("nowhere", endpoint=storage_server.url)
        for use in (
            lambda: storage.put("one", make_file(b""), "text/plain"),
            lambda: storage.delete("one"),
            lambda: list(storage.list("")),
        ):
            with pytest.raises(StorageError, match="gcloud storage buckets create gs://nowhere") as refused:
                use()
            assert (refused.value.code, refused.value.retry) == ("bucket_unknown", False)

    def test_credentials_that_are_missing_are_asked_for(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
        for storage in (cloud_storage("classes"), cloud_storage("classes", credentials_file=tmp_path / "nothing.json")):
            with pytest.raises(StorageError, match="key file of a service account") as refused:
                storage.stat("one")
            assert (refused.value.code, refused.value.retry) == ("credentials_missing", False)


class TestLinks:
    def key_file(self, directory: Path) -> Path:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account = {
            "type": "service_account",
            "client_email": "podium@example.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.example/token",
            "private_key": pem.decode(),
        }
        file = directory / "account.json"
        file.write_text(json.dumps(account))
        return file

    def test_a_service_account_signs_links(
        self, cloud: Any, storage_server: StorageServer, tmp_path: Path, make_file: MakeFile
    ) -> None:
        cloud.put("one.mp4", make_file(b"content"), "video/mp4")
        storage = cloud_storage(
            BUCKET, prefix=tmp_path.name, endpoint=storage_server.url, credentials_file=self.key_file(tmp_path)
        )
        link = storage.link("one.mp4", timedelta(days=30), "algebra.mp4")
        assert link is not None
        fields = parse_qs(urlsplit(link).query)
        assert fields["X-Goog-Algorithm"] == ["GOOG4-RSA-SHA256"]
        assert fields["X-Goog-Expires"] == ["604800"], "a week is the longest"
        with urlopen(link, timeout=10) as answer:
            assert answer.read() == b"content"
            assert answer.headers["Content-Disposition"] == 'attachment; filename="algebra.mp4"'

    def test_who_cannot_sign_has_none(self, cloud: Any) -> None:
        assert cloud.link("one.mp4", timedelta(hours=1)) is None
        assert os.environ.get("STORAGE_EMULATOR_HOST") is None
