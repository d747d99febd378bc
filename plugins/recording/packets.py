# SPDX-License-Identifier: Apache-2.0
"""Headers of captured packets: RTP (RFC 3550 section 5.1) and sender reports (section 6.4.1).

Header extensions are skipped: what the depacketizers need is in the payloads. None stands for bytes that are no such
packet; nothing here raises.
"""

from struct import Struct
from typing import NamedTuple

_RTP = Struct("!BBHII")
_EXTENSION = Struct("!HH")
_REPORT = Struct("!BBHIIII")
_SENDER_REPORT = 200
_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970


class RtpPacket(NamedTuple):
    """What is in the header, and the payload without padding."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class SenderReport(NamedTuple):
    """One instant on two clocks of the sender: seconds since 1970, and the RTP timestamp of the stream."""

    ssrc: int
    sender_time: float
    timestamp: int


def rtp_untrusted(data: bytes) -> RtpPacket | None:
    """Read one packet."""
    if len(data) < _RTP.size:
        return None
    first, second, sequence, timestamp, ssrc = _RTP.unpack_from(data)
    start = _RTP.size + 4 * (first & 0x0F)
    end = len(data)
    if first >> 6 != 2:
        return None
    if first & 0x10:
        if start + _EXTENSION.size > end:
            return None
        start += _EXTENSION.size + 4 * _EXTENSION.unpack_from(data, start)[1]
    if first & 0x20:
        end -= data[-1] or end
    if start > end:
        return None
    return RtpPacket(second & 0x7F, second >= 0x80, sequence, timestamp, ssrc, data[start:end])


def sender_report_untrusted(data: bytes) -> SenderReport | None:
    """Read the sender's information at the head of a report; its report blocks are of no use here."""
    if len(data) < _REPORT.size:
        return None
    first, kind, _length, ssrc, seconds, fraction, timestamp = _REPORT.unpack_from(data)
    if first >> 6 != 2 or kind != _SENDER_REPORT or seconds == fraction == 0:
        return None
    return SenderReport(ssrc, seconds - _NTP_EPOCH + fraction / 2**32, timestamp)


class Unwrapper:
    """Numbers of so many bits that wrap around, as integers that do not: each the nearest to the one before."""

    def __init__(self, bits: int) -> None:
        self._half = 1 << (bits - 1)
        self._mask = (1 << bits) - 1
        self._last: int | None = None

    def unwrap(self, value: int) -> int:
        if self._last is None:
            self._last = value
        else:
            self._last += ((value - self._last + self._half) & self._mask) - self._half
        return self._last
