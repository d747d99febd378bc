# SPDX-License-Identifier: Apache-2.0
"""Transport-wide feedback, read by draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1."""

from dataclasses import dataclass, field

from tests.oracles.reader import Reader, demand

NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA = 0, 1, 2


@dataclass
class Feedback:
    sender_ssrc: int
    media_ssrc: int
    base: int
    count: int
    reference: int
    feedback_count: int
    chunks: list[int] = field(default_factory=list)
    arrivals: list[int | None] = field(default_factory=list)
    """Microseconds since time 0 of the reference, by number from `base` on; None: not received."""


def decode(data: bytes) -> Feedback:
    """Raises MalformedError."""
    demand(len(data) % 4 == 0)
    reader = Reader(_without_padding(data))
    version, _, message_type = reader.bits(1, 2, 1, 5)
    demand((version, message_type, reader.number(1)) == (2, 15, 205))
    demand(reader.number(2) == len(data) // 4 - 1)
    feedback = Feedback(
        sender_ssrc=reader.number(4),
        media_ssrc=reader.number(4),
        base=reader.number(2),
        count=reader.number(2),
        reference=int.from_bytes(reader.take(3), "big", signed=True),
        feedback_count=reader.number(1),
    )
    statuses: list[int] = []
    while len(statuses) < feedback.count:
        feedback.chunks.append(reader.number(2))
        statuses += _symbols(feedback.chunks[-1], feedback.count - len(statuses))
    time = feedback.reference * 64_000
    for status in statuses:
        if status == NOT_RECEIVED:
            feedback.arrivals.append(None)
            continue
        demand(status in (SMALL_DELTA, LARGE_DELTA))
        size = 1 if status == SMALL_DELTA else 2
        time += 250 * int.from_bytes(reader.take(size), "big", signed=status == LARGE_DELTA)
        feedback.arrivals.append(time)
    demand(reader.left == 0)
    return feedback


def _without_padding(data: bytes) -> bytes:
    if not data[0] & 0x20:
        return data
    demand(0 < data[-1] < 4)
    demand(not any(data[-data[-1] : -1]))
    return data[: -data[-1]]


def _symbols(chunk: int, left: int) -> list[int]:
    digits = f"{chunk:016b}"
    if digits[0] == "0":
        demand(0 < int(digits[3:], 2) <= left)
        return [int(digits[1:3], 2)] * int(digits[3:], 2)
    width = 2 if digits[1] == "1" else 1
    symbols = [int(digits[at : at + width], 2) for at in range(2, 16, width)]
    demand(not any(symbols[left:]))
    return symbols[:left]
