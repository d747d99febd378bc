# SPDX-License-Identifier: Apache-2.0
"""What every storage does: the same tests for a directory and for a bucket behind a real server."""

import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import google_crc32c
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.plugins.recording.storage import Storage, StorageError, Stored
from podium.plugins.recording.storage.checksum import checksum, combine
from tests.builtin.recording.conftest import MakeFile

CONTENT = random.Random(3).randbytes(2_500_000)


def content(storage: Storage, name: str) -> bytes:
    return b"".join(storage.read(name))


def names(storage: Storage, prefix: str = "") -> list[str]:
    return [each.name for each in storage.list(prefix)]


def put_parts(storage: Storage, make_file: MakeFile, count: int) -> list[str]:
    parts = [f"class/parts/{number:04}" for number in range(count)]
    for number, part in enumerate(parts):
        storage.put(part, make_file(b"%d," % number), "video/mp4")
    return parts


def numbers(count: int) -> bytes:
    return b"".join(b"%d," % number for number in range(count))


def test_what_is_put_is_there(storage: Storage, make_file: MakeFile) -> None:
    assert storage.stat("class/one.mp4") is None
    stored = storage.put("class/one.mp4", make_file(CONTENT), "video/mp4")
    assert stored == Stored("class/one.mp4", len(CONTENT), google_crc32c.value(CONTENT))
    assert storage.stat("class/one.mp4") == stored
    assert content(storage, "class/one.mp4") == CONTENT


@pytest.mark.parametrize(
    ("start", "length"), [(0, 10), (5, None), (1_048_570, 20), (2_499_999, 9), (2_500_000, 1), (7, 0)]
)
def test_a_part_is_read(storage: Storage, make_file: MakeFile, start: int, length: int | None) -> None:
    storage.put("one", make_file(CONTENT), "video/mp4")
    wanted = CONTENT[start:] if length is None else CONTENT[start : start + length]
    assert b"".join(storage.read("one", start, length)) == wanted


def test_an_empty_file_is_stored(storage: Storage, make_file: MakeFile) -> None:
    assert storage.put("empty", make_file(b""), "text/plain") == Stored("empty", 0, 0)
    assert content(storage, "empty") == b""


def test_another_content_takes_the_place_of_the_first(storage: Storage, make_file: MakeFile) -> None:
    for text in (b"first", b"other", b"longer than both"):
        assert storage.put("one", make_file(text), "text/plain").crc32c == google_crc32c.value(text)
        assert content(storage, "one") == text
    assert names(storage) == ["one"]


def test_objects_are_listed_by_name(storage: Storage, make_file: MakeFile) -> None:
    for name in ("b/2", "b/1", "b-1", "a/b/c/d", "b/10"):
        storage.put(name, make_file(name.encode()), "text/plain")
    assert names(storage) == ["a/b/c/d", "b-1", "b/1", "b/10", "b/2"]
    assert names(storage, "b/1") == ["b/1", "b/10"]
    assert names(storage, "a/b/") == ["a/b/c/d"]
    assert names(storage, "nothing/") == []
    assert {each.crc32c for each in storage.list("b-1")} == {google_crc32c.value(b"b-1")}


def test_what_is_deleted_is_gone(storage: Storage, make_file: MakeFile) -> None:
    for name in ("class/a/1", "class/a/2"):
        storage.put(name, make_file(b"x"), "text/plain")
    storage.delete("class/a/1")
    storage.delete("class/a/1")
    storage.delete("nobody/knows")
    assert names(storage) == ["class/a/2"]


@pytest.mark.parametrize(("count", "times"), [(1, 1), (5, 1), (5, 7)])
def test_parts_are_joined_in_order_and_stay(storage: Storage, make_file: MakeFile, count: int, times: int) -> None:
    parts = put_parts(storage, make_file, count)
    stored = storage.join(parts * times, "class/whole.mp4", "video/mp4")
    assert content(storage, "class/whole.mp4") == numbers(count) * times
    assert stored == storage.stat("class/whole.mp4")
    assert storage.join(parts * times, "class/whole.mp4", "video/mp4") == stored
    assert names(storage) == [*parts, "class/whole.mp4"]


def test_other_parts_make_another_whole(storage: Storage, make_file: MakeFile) -> None:
    parts = put_parts(storage, make_file, 3)
    storage.join(parts, "whole", "video/mp4")
    storage.put(parts[1], make_file(b"new,"), "video/mp4")
    storage.join(parts, "whole", "video/mp4")
    assert content(storage, "whole") == b"0,new,2,"


@pytest.mark.parametrize("missing", [["class/parts/9999"], ["elsewhere"], []])
def test_nothing_is_made_of_parts_that_are_missing(
    storage: Storage, make_file: MakeFile, missing: Sequence[str]
) -> None:
    parts = put_parts(storage, make_file, 5) if missing else []
    with pytest.raises(StorageError) as refused:
        storage.join([*parts, *missing], "whole", "video/mp4")
    assert (refused.value.code, refused.value.retry) == ("object_unknown", False)
    assert names(storage, "whole") == []


def test_what_is_not_there_cannot_be_read(storage: Storage) -> None:
    with pytest.raises(StorageError, match="object_unknown: there is no one in"):
        content(storage, "one")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../up",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        ".hidden",
        "a\\b",
        "a\nb",
        "ä",
        "a" * 201,
        "a/" * 500 + "a",
    ],
)
def test_names_stay_inside(storage: Storage, make_file: MakeFile, name: str) -> None:
    file = make_file(b"x")
    for use in (
        lambda: storage.put(name, file, "text/plain"),
        lambda: storage.join([name], "whole", "text/plain"),
        lambda: storage.join(["a", "b"], name, "text/plain"),
        lambda: storage.stat(name),
        lambda: storage.delete(name),
        lambda: list(storage.read(name)),
        lambda: storage.link(name, timedelta(hours=1)),
    ):
        with pytest.raises(StorageError, match=r"^name_invalid|^object_unknown: nothing"):
            use()


def test_a_source_that_is_missing_is_said(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        storage.put("one", tmp_path / "nothing", "text/plain")


@hypothesis.settings(max_examples=30)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_checksums_are_joined_without_the_data(first: bytes, second: bytes) -> None:
    joined = combine(google_crc32c.value(first), google_crc32c.value(second), len(second))
    assert joined == google_crc32c.value(first + second)


def test_checksums_of_files(make_file: MakeFile) -> None:
    assert checksum(make_file(CONTENT)) == (len(CONTENT), google_crc32c.value(CONTENT))


def test_googles_library_is_imported_by_who_uses_it_only() -> None:
    program = "import sys; import podium.plugins.recording.storage; print('google.cloud.storage' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
