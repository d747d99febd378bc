# SPDX-License-Identifier: Apache-2.0
"""DTLS records seen from outside (RFC 6347 section 4.1): cutting datagrams, and keeping junk away from OpenSSL.

Until the keys are agreed anybody who can spoof an address can write records. OpenSSL ends a handshake over a plaintext
alert or a malformed message, so only records that a well-behaved client could send are let through, one at a time. A
forger who times a well-formed handshake message right can still spoil that handshake; DTLS 1.2 itself cannot tell.
Plaintext records are numbered anew, or one forged high number would make OpenSSL drop all that follow as replays.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

MAX_RECEIVED: Final = 2048
MAX_SENT: Final = 1200

_RECORD_HEADER: Final = struct.Struct("!BHHIHH")  # type, version, epoch, 48-bit sequence in two parts, length
_CHANGE_CIPHER_SPEC: Final = 20
_ALERT: Final = 21
_HANDSHAKE: Final = 22
_APPLICATION_DATA: Final = 23
_VERSIONS: Final = (0xFEFF, 0xFEFD)

_MESSAGE_HEADER_SIZE: Final = 12
_CLIENT_MESSAGES: Final = frozenset({1, 11, 15, 16})  # ClientHello, Certificate, CertificateVerify, ClientKeyExchange
_MAX_MESSAGE: Final = 16 * 1024
_MAX_MESSAGE_SEQUENCE: Final = 8


@dataclass(frozen=True, slots=True)
class Record:
    """One record, header included in `data`."""

    content_type: int
    epoch: int
    data: bytes

    @property
    def body(self) -> bytes:
        """What follows the header; encrypted from epoch 1 on."""
        return self.data[_RECORD_HEADER.size :]


def split_records_untrusted(datagram: bytes) -> Iterator[Record]:
    """The records of a datagram, up to the first that is not one."""
    if len(datagram) > MAX_RECEIVED:
        return
    offset = 0
    while offset + _RECORD_HEADER.size <= len(datagram):
        content_type, version, epoch, _, _, length = _RECORD_HEADER.unpack_from(datagram, offset)
        end = offset + _RECORD_HEADER.size + length
        if (
            not _CHANGE_CIPHER_SPEC <= content_type <= _APPLICATION_DATA
            or version not in _VERSIONS
            or end > len(datagram)
        ):
            return
        yield Record(content_type, epoch, datagram[offset:end])
        offset = end


class ClientRecords:
    """Lets through what a well-behaved client could send next."""

    def __init__(self) -> None:
        self._sequence = 0
        self._encrypts = False

    def admit_untrusted(self, datagram: bytes, *, connected: bool) -> Iterator[bytes]:
        """The records of a datagram that are fit for OpenSSL."""
        for record in split_records_untrusted(datagram):
            if record.epoch == 1 and self._encrypts:
                yield record.data  # OpenSSL drops without a word what the peer did not encrypt
            elif record.epoch == 0 and not connected and self._is_plausible(record):
                yield self._renumbered(record)

    def _is_plausible(self, record: Record) -> bool:
        if record.content_type == _HANDSHAKE:
            return _is_plausible_handshake_untrusted(record.body)
        if record.content_type == _CHANGE_CIPHER_SPEC and record.body == b"\x01":
            self._encrypts = True
            return True
        return False

    def _renumbered(self, record: Record) -> bytes:
        """With the next number of ours: in the clear it protects nothing, and is part of no signature."""
        number = self._sequence.to_bytes(6, "big")
        self._sequence += 1
        return record.data[:5] + number + record.data[11:]


def _is_plausible_handshake_untrusted(body: bytes) -> bool:
    """Whether the body is whole handshake fragments of messages that clients send in the clear."""
    offset = 0
    while offset + _MESSAGE_HEADER_SIZE <= len(body):
        message_type = body[offset]
        length, sequence, fragment_offset, fragment_length = (
            int.from_bytes(body[offset + start : offset + end], "big")
            for start, end in ((1, 4), (4, 6), (6, 9), (9, 12))
        )
        if message_type not in _CLIENT_MESSAGES or length > _MAX_MESSAGE or sequence > _MAX_MESSAGE_SEQUENCE:
            return False
        if (message_type == 1) != (sequence == 0) or fragment_offset + fragment_length > length:
            return False
        offset += _MESSAGE_HEADER_SIZE + fragment_length
    return 0 < offset == len(body)


def pack_datagrams(stream: bytes) -> list[bytes]:
    """Our own records, as OpenSSL wrote them one after another, packed into datagrams of at most MAX_SENT bytes."""
    datagrams: list[bytes] = []
    for record in _own_records(stream):
        if datagrams and len(datagrams[-1]) + len(record) <= MAX_SENT:
            datagrams[-1] += record
        else:
            datagrams.append(record)
    return datagrams


def _own_records(stream: bytes) -> Iterable[bytes]:
    offset = 0
    while offset < len(stream):
        length = int.from_bytes(stream[offset + 11 : offset + 13], "big")
        end = offset + _RECORD_HEADER.size + length
        yield stream[offset:end]
        offset = end
