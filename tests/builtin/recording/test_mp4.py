# SPDX-License-Identifier: Apache-2.0
"""Pieces behind a header with an index, as bytes, and the playlist of them."""

import io
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from struct import unpack_from

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.plugins.recording.mp4 import BrokenFileError, Joined, Part, boxes, head, split_fragment, timescales
from podium.plugins.recording.playlist import Entry, playlist


def box(name: bytes, body: bytes = b"") -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + name + body


def track(number: int, rate: int) -> bytes:
    tkhd = box(b"tkhd", bytes(12) + number.to_bytes(4, "big") + bytes(8))
    return box(b"trak", tkhd + box(b"mdia", box(b"mdhd", bytes(12) + rate.to_bytes(4, "big") + bytes(8))))


MVHD = box(b"mvhd", bytes(12) + (1000).to_bytes(4, "big") + bytes(84))
HEADER = box(b"ftyp", b"isom") + box(
    b"moov", MVHD + track(1, 12_800) + track(2, 48_000) + box(b"mvex", box(b"trex", bytes(24)))
)


def fragment() -> bytes:
    trafs = b"".join(
        box(b"traf", box(b"tfhd", bytes(4) + number.to_bytes(4, "big")) + box(b"tfdt", b"\1" + bytes(11)))
        for number in (1, 2)
    )
    return box(b"moof", box(b"mfhd", bytes(8)) + trafs) + box(b"mdat", b"media")


def test_a_fragment_gets_its_place() -> None:
    header, media = split_fragment(HEADER + fragment(), 7, Fraction(16))
    assert header == HEADER
    assert timescales(header) == {1: 12_800, 2: 48_000}
    found = list(boxes(media))
    times = [unpack_from(">Q", media, each.start + 12)[0] for each in found if each.path[-1] == b"tfdt"]
    assert times == [16 * 12_800, 16 * 48_000]
    (number,) = (unpack_from(">I", media, each.start + 12)[0] for each in found if each.path[-1] == b"mfhd")
    assert number == 7
    assert media.endswith(b"media")


def test_the_head_says_how_long_and_where() -> None:
    first = head(HEADER, [Part(1000, Fraction(8)), Part(2000, Fraction(8)), Part(30, Fraction(2, 25))])
    found = {each.path[-1]: each for each in boxes(first)}
    assert unpack_from(">Q", first, found[b"mehd"].start + 12) == (16_080,)
    index = found[b"sidx"]
    assert index.end == len(first)
    assert unpack_from(">II", first, index.start + 12) == (1, 12_800)
    assert unpack_from(">H", first, index.start + 38) == (3,)
    references = [unpack_from(">II", first, index.start + 40 + 12 * number) for number in range(3)]
    assert references == [(1000, 8 * 12_800), (2000, 8 * 12_800), (30, 1024)]


@pytest.mark.parametrize(
    "data", [b"\0\0", b"\0\0\0\1ftyp", box(b"ftyp"), box(b"moov") + box(b"ftyp"), HEADER + b"\0\0\1\0moof"]
)
def test_what_is_no_fragment_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenFileError):
        split_fragment(data, 1, Fraction(0))


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=5), st.integers(0, 50), st.integers(0, 50))
def test_joined_files_read_as_one(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], at: int, n: int
) -> None:
    folder = tmp_path_factory.mktemp("joined")
    paths: list[Path] = []
    for number, part in enumerate(parts[1:]):
        paths.append(folder / str(number))
        paths[-1].write_bytes(part)
    whole = b"".join(parts)
    with Joined(parts[0], paths) as joined:
        assert (joined.size, joined.seekable(), joined.readable()) == (len(whole), True, True)
        assert joined.seek(at) == joined.tell() == at
        piece = joined.read(n)
        assert whole[at:].startswith(piece)
        assert piece or not n or at >= len(whole)
        assert joined.seek(-len(whole), io.SEEK_END) == 0
        read = b""
        while more := joined.read():
            read += more
        assert read == whole


def test_a_playlist_grows_and_ends() -> None:
    entries = [Entry("000000.m4s", 8.0), Entry("000001.m4s", 8.0), Entry("000002.m4s", 2.04)]
    texts = [playlist("init.mp4", entries[:count], ended=False) for count in range(3)]
    for shorter, longer in pairwise(texts):
        assert longer.startswith(shorter)
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in texts[0]
    final = playlist("init.mp4", entries, ended=True)
    assert final.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:8",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="init.mp4"',
        "#EXTINF:8.000,",
        "000000.m4s",
        "#EXTINF:8.000,",
        "000001.m4s",
        "#EXTINF:2.040,",
        "000002.m4s",
        "#EXT-X-ENDLIST",
    ]
