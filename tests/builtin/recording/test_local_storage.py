# SPDX-License-Identifier: Apache-2.0
"""A directory: what a killed writer leaves, and file systems that cannot do everything."""

import errno
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from podium.plugins.recording.storage import LocalStorage, StorageError
from tests.builtin.recording import uploader
from tests.builtin.recording.conftest import MakeFile


def fail_with(number: int) -> Any:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number), "somewhere")

    return fail


def files(local: LocalStorage) -> list[str]:
    return sorted(str(path.relative_to(local.directory)) for path in local.directory.rglob("*") if path.is_file())


def test_a_killed_writer_leaves_nothing_that_is_seen_or_stays(
    local: LocalStorage, tmp_path: Path, make_file: MakeFile
) -> None:
    slow = tmp_path / "slow"
    os.mkfifo(slow)
    command = [sys.executable, "-m", uploader.__name__, str(slow), str(local.directory)]
    with subprocess.Popen(command) as process, slow.open("wb", buffering=0) as stream:
        stream.write(bytes(60_000))
        stream.write(bytes(60_000))  # waits until the first have been read, and so half of the object is written
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert local.stat("class/one.mp4") is None
    assert list(local.list("")) == []
    assert [name.split("/")[0] for name in files(local)] == [".incoming"]
    local.put("class/one.mp4", make_file(b"content"), "video/mp4")
    assert files(local) == ["class/one.mp4"]


def test_who_is_still_writing_is_left_alone(
    local: LocalStorage, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        local.put("other", make_file(b"other", "other"), "text/plain")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    local.put("one", make_file(b"one"), "text/plain")
    assert files(local) == ["one", "other"]


def test_the_same_is_not_written_again(local: LocalStorage, make_file: MakeFile) -> None:
    file = make_file(b"content")
    local.put("one", file, "text/plain")
    local.put("two", file, "text/plain")
    local.join(["one", "two"], "whole", "text/plain")
    before = [local.path(name).stat().st_ino for name in ("one", "whole")]
    local.put("one", file, "text/plain")
    local.join(["one", "two"], "whole", "text/plain")
    assert [local.path(name).stat().st_ino for name in ("one", "whole")] == before


def test_somebody_elses_change_is_seen(local: LocalStorage, make_file: MakeFile) -> None:
    stored = local.put("one", make_file(b"content"), "text/plain")
    local.path("one").write_bytes(b"CONTENT")
    os.utime(local.path("one"), ns=(1, 1))
    changed = local.stat("one")
    assert changed is not None
    assert changed.crc32c != stored.crc32c


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP])
def test_what_the_kernel_cannot_do_is_done_by_hand(
    local: LocalStorage, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "copy_file_range", fail_with(number))
    monkeypatch.setattr(os, "setxattr", fail_with(errno.EOPNOTSUPP))
    local.put("one", make_file(b"1" * 3_000_000), "text/plain")
    stored = local.join(["one", "one"], "whole", "text/plain")
    assert local.path("whole").read_bytes() == b"1" * 6_000_000
    assert local.stat("whole") == stored


@pytest.mark.parametrize(
    ("number", "code", "retry", "said"),
    [
        (errno.ENOSPC, "no_space", True, "free some space"),
        (errno.EACCES, "forbidden", False, "has to have the right to write below somewhere"),
        (errno.EROFS, "forbidden", False, "Read-only"),
        (errno.EIO, "storage_failed", True, "Input/output error"),
        (errno.ELOOP, "storage_failed", False, "Too many"),
    ],
)
def test_what_the_disk_refuses_is_said(
    local: LocalStorage,
    make_file: MakeFile,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: str,
    retry: bool,
    said: str,
) -> None:
    monkeypatch.setattr(os, "fsync", fail_with(number))
    with pytest.raises(StorageError, match=said) as refused:
        local.put("one", make_file(b"content"), "text/plain")
    assert (refused.value.code, refused.value.retry) == (code, retry)
    assert files(local) == []


def test_a_name_cannot_be_an_object_and_a_directory(local: LocalStorage, make_file: MakeFile) -> None:
    local.put("class/a", make_file(b"x"), "text/plain")
    with pytest.raises(StorageError, match="storage_failed"):
        local.put("class/a/b", make_file(b"x"), "text/plain")
    assert local.stat("class/a/b") is None
    local.delete("class/a/b")
    local.delete("class/a")
    assert not (local.directory / "class").exists(), "empty directories go"
    local.put("class/a/b", make_file(b"x"), "text/plain")


def test_the_host_serves_the_files(local: LocalStorage) -> None:
    assert local.link("one", timedelta(hours=1)) is None
    assert local.path("class/one.mp4") == local.directory / "class/one.mp4"
