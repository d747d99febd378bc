# SPDX-License-Identifier: Apache-2.0
"""Files of records: what was written is read, however they end and whatever happens to bytes in the middle."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podium.plugins.recording.recordfile import HEADER_SIZE, MAGIC, MAX_PAYLOAD, Kind, Record, RecordReader, packed

RECORDS = [Record(Kind.RTP, 1_000_000 + 20_000 * number, bytes([number]) * (number * 7)) for number in range(40)]
PACKED = [packed(*record) for record in RECORDS]
OFFSETS = [sum(map(len, PACKED[:number])) for number in range(len(PACKED) + 1)]

records = st.builds(Record, st.integers(0, 255), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=200))
shared_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "a.rtp"
    path.write_bytes(data)
    return path


def read_all(path: Path) -> tuple[list[Record], int]:
    with RecordReader(path) as reader:
        return list(reader.read(final=True)), reader.corrupt


@shared_file
@given(st.lists(records))
def test_what_was_written_is_read(tmp_path: Path, wanted: list[Record]) -> None:
    assert read_all(written(tmp_path, b"".join(packed(*record) for record in wanted))) == (wanted, 0)


@pytest.mark.parametrize("size", [0, 1, MAX_PAYLOAD])
def test_a_record_of_any_size(tmp_path: Path, size: int) -> None:
    wanted = [Record(Kind.RTP, 5, bytes(size))] * 9
    assert read_all(written(tmp_path, b"".join(packed(*record) for record in wanted))) == (wanted, 0)


@shared_file
@given(st.integers(0, OFFSETS[-1]))
def test_a_torn_end_costs_the_last_record_only(tmp_path: Path, end: int) -> None:
    whole = sum(offset <= end for offset in OFFSETS[1:])
    assert read_all(written(tmp_path, b"".join(PACKED)[:end])) == (RECORDS[:whole], 0)


@shared_file
@given(st.integers(0, OFFSETS[-1] - 1), st.integers(1, 255))
def test_a_damaged_byte_costs_its_record_only(tmp_path: Path, position: int, change: int) -> None:
    data = bytearray(b"".join(PACKED))
    data[position] ^= change
    hit = next(number for number in range(len(PACKED)) if position < OFFSETS[number + 1])
    left = RECORDS[:hit] + RECORDS[hit + 1 :]
    assert read_all(written(tmp_path, bytes(data))) == (left, int(hit < len(RECORDS) - 1))


@shared_file
@given(st.binary(max_size=300), st.integers(1, len(PACKED) - 1))
def test_foreign_bytes_between_records_are_skipped(tmp_path: Path, foreign: bytes, where: int) -> None:
    data = b"".join(PACKED[:where]) + foreign + b"".join(PACKED[where:])
    assert read_all(written(tmp_path, data)) == (RECORDS, int(bool(foreign)))


@shared_file
@given(st.binary(max_size=2000))
def test_whatever_a_file_contains_it_is_read(tmp_path: Path, data: bytes) -> None:
    assert read_all(written(tmp_path, MAGIC + data)) is not None


def test_zeros_at_the_end_as_a_lost_power_supply_leaves_them(tmp_path: Path) -> None:
    assert read_all(written(tmp_path, b"".join(PACKED) + bytes(8192))) == (RECORDS, 0)


@pytest.mark.parametrize("piece", [1, 13, HEADER_SIZE, 1000])
def test_a_file_that_grows_is_followed(tmp_path: Path, piece: int) -> None:
    data = b"".join(PACKED)
    path = written(tmp_path, b"")
    got = list[Record]()
    with RecordReader(path) as reader, path.open("ab", buffering=0) as file:
        for start in range(0, len(data), piece):
            file.write(data[start : start + piece])
            got += reader.read()
    assert (got, reader.corrupt) == (RECORDS, 0)


def test_going_on_near_a_time(tmp_path: Path) -> None:
    many = [Record(Kind.RTP, number * 10_000, MAGIC + bytes(1000)) for number in range(3000)]
    path = written(tmp_path, b"".join(packed(*record) for record in many))
    with RecordReader(path) as reader:
        for wanted in (0, 1, 15_000_000, 29_000_000, 29_990_000, 10**9):
            reader.seek(wanted)
            rest = list(reader.read(final=True))
            assert rest == many[-len(rest) :]
            assert rest[0].at <= max(wanted, 0)
            assert wanted - rest[0].at < 4_000_000 or wanted == 10**9
        assert reader.corrupt == 0


def test_damage_behind_a_place_gone_to_is_counted(tmp_path: Path) -> None:
    many = [packed(Kind.RTP, number * 10_000, bytes(1000)) for number in range(3000)]
    many[2900] = b"?" * len(many[2900])
    with RecordReader(written(tmp_path, b"".join(many))) as reader:
        reader.seek(20_000_000)
        assert list(reader.read(final=True))[-1].at == 29_990_000
        assert reader.corrupt == 1


def test_a_payload_too_large_is_the_writers_mistake() -> None:
    with pytest.raises(Exception, match="format"):
        packed(Kind.RTP, 0, bytes(MAX_PAYLOAD + 1))
