# SPDX-License-Identifier: Apache-2.0
"""Payload descriptors of VP8 (RFC 7741), VP9 (RFC 9628), H.264 (RFC 6184) and AV1 (AOM), field by field."""

from dataclasses import astuple, dataclass

from tests.oracles.reader import MalformedError, Reader, demand

OPUS, VP8, VP9, H264, AV1 = range(1, 6)


@dataclass
class Payload:
    key_frame: bool = False
    frame_start: bool = False
    picture_id_bits: int = 0
    picture_id: int = 0
    tl0_picture_index: int | None = None
    temporal_layer: int = 0
    width: int = 0
    height: int = 0


def describe(codec: int, data: bytes) -> tuple[object, ...] | None:
    """The fields of Payload in their order."""
    reader = Reader(data)
    try:
        match codec:
            case 1:
                return astuple(Payload())
            case 2:
                return astuple(_vp8(reader))
            case 3:
                return astuple(_vp9(reader))
            case 4:
                return astuple(_h264(reader))
            case 5:
                return astuple(_av1(reader))
            case _:
                return None
    except MalformedError:
        return None


def _picture_id(reader: Reader, payload: Payload) -> None:
    long, value = reader.bits(1, 1, 7)
    payload.picture_id_bits = 15 if long else 7
    payload.picture_id = value << 8 | reader.number(1) if long else value


def _vp8(reader: Reader) -> Payload:
    payload = Payload()
    extended, _, _, start, _, partition = reader.bits(1, 1, 1, 1, 1, 1, 3)
    if extended:
        has_picture_id, has_tl0, has_tid, has_key_index, _ = reader.bits(1, 1, 1, 1, 1, 4)
        if has_picture_id:
            _picture_id(reader, payload)
        if has_tl0:
            payload.tl0_picture_index = reader.number(1)
        if has_tid or has_key_index:
            layer = reader.number(1) >> 6
            payload.temporal_layer = layer if has_tid else 0
    demand(reader.left > 0)
    frame = reader.data[reader.position :]
    payload.frame_start = start == 1 and partition == 0
    payload.key_frame = payload.frame_start and frame[0] % 2 == 0
    if payload.key_frame and len(frame) >= 10 and frame[3:6] == b"\x9d\x01\x2a":
        payload.width = int.from_bytes(frame[6:8], "little") % 2**14
        payload.height = int.from_bytes(frame[8:10], "little") % 2**14
    return payload


def _vp9(reader: Reader) -> Payload:
    payload = Payload()
    has_id, predicted, layered, flexible, begins, _, structured, _ = reader.bits(1, 1, 1, 1, 1, 1, 1, 1, 1)
    spatial_layer = 0
    if has_id:
        _picture_id(reader, payload)
    if layered:
        payload.temporal_layer, _, spatial_layer, _ = reader.bits(1, 3, 1, 3, 1)
        if not flexible:
            payload.tl0_picture_index = reader.number(1)
    if flexible and predicted:
        references = [reader.number(1)]
        while references[-1] % 2:
            demand(len(references) < 3)
            references.append(reader.number(1))
    if structured:
        _vp9_structure(reader, payload)
    demand(reader.left > 0)
    payload.frame_start = begins == 1
    payload.key_frame = begins == 1 and not predicted and spatial_layer == 0
    return payload


def _vp9_structure(reader: Reader, payload: Payload) -> None:
    top_layer, sized, grouped, _ = reader.bits(1, 3, 1, 1, 3)
    if sized:
        sizes = [(reader.number(2), reader.number(2)) for _ in range(top_layer + 1)]
        payload.width, payload.height = sizes[-1]
    if grouped:
        for _ in range(reader.number(1)):
            _, _, references, _ = reader.bits(1, 3, 1, 2, 2)
            reader.take(references)


def _h264(reader: Reader) -> Payload:
    units: list[bytes] = []
    header = reader.number(1)
    kind = header % 32
    if 1 <= kind <= 23:
        units = [reader.data]
    elif kind == 24:
        while reader.left or not units:
            units.append(reader.take(reader.number(2)))
            demand(units[-1] != b"")
    elif kind == 28:
        start, _, _, kind = reader.bits(1, 1, 1, 1, 5)
        units = [bytes([kind]) + reader.take(reader.left)] if start else []
    else:
        raise MalformedError
    payload = Payload()
    for unit in units:
        kind, first_slice = unit[0] % 32, len(unit) > 1 and unit[1] >= 128
        payload.frame_start |= kind in (6, 7, 8, 9) or (kind in (1, 5) and first_slice)
        payload.key_frame |= kind == 7 or (kind == 5 and first_slice)
    return payload


def _av1(reader: Reader) -> Payload:
    continues, _, _, new_sequence, _ = reader.bits(1, 1, 1, 2, 1, 3)
    demand(reader.left > 0)
    return Payload(key_frame=bool(new_sequence and not continues), frame_start=not continues)
