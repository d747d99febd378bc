# SPDX-License-Identifier: Apache-2.0
"""The answering half of ICE (RFC 8445), as an ICE-lite agent: it is asked, it answers, it never asks.

Connectivity checks are STUN binding requests (RFC 8489) signed with our password. A signed request is answered, counts
as consent to send (RFC 7675), and may nominate its address pair. Nothing is ever said to who cannot sign: no error
replies, so no amplification. Left out: candidates of our own to probe with, role conflicts (a lite agent beside a
full one is always controlled, RFC 8445 section 6.1.1), and STUN over TCP.
"""

import hmac
import ipaddress
import re
import secrets
import string
import struct
import zlib
from dataclasses import dataclass
from typing import Final, final

_BINDING_REQUEST: Final = 0x0001
_BINDING_SUCCESS: Final = 0x0101
_BINDING_ERROR: Final = 0x0111
_COOKIE: Final = 0x2112A442
_HEADER_SIZE: Final = 20
_MAX_SIZE: Final = 1500

_USERNAME: Final = 0x0006
_MESSAGE_INTEGRITY: Final = 0x0008
_ERROR_CODE: Final = 0x0009
_UNKNOWN_ATTRIBUTES: Final = 0x000A
_MESSAGE_INTEGRITY_SHA256: Final = 0x001C
_XOR_MAPPED_ADDRESS: Final = 0x0020
_PRIORITY: Final = 0x0024
_USE_CANDIDATE: Final = 0x0025
_FINGERPRINT: Final = 0x8028
_FINGERPRINT_XOR: Final = 0x5354554E

_REQUIRED: Final = frozenset({_USERNAME, _MESSAGE_INTEGRITY, _FINGERPRINT})  # RFC 8445 section 7.1
_UNDERSTOOD: Final = frozenset({_USERNAME, _MESSAGE_INTEGRITY, _MESSAGE_INTEGRITY_SHA256, _PRIORITY, _USE_CANDIDATE})
_MAX_UNKNOWN_LISTED: Final = 8

_ICE_CHARACTERS: Final = string.ascii_letters + string.digits + "+/"
_USERNAME_VALUE: Final = re.compile(rb"([A-Za-z0-9+/]{4,256}):([A-Za-z0-9+/]{4,256})")


@dataclass(frozen=True, slots=True)
class IceResult:
    """What one datagram meant. `reply` goes back to where the datagram came from."""

    reply: bytes | None
    valid: bool
    """A binding request signed with our password: its address may be added to the transport."""
    nominated: bool
    """The peer chose this pair of addresses: send there from now on."""


_IGNORED: Final = IceResult(reply=None, valid=False, nominated=False)


@dataclass(frozen=True, slots=True)
class _Request:
    """A well-formed binding request; nothing in it is authenticated yet."""

    transaction_id: bytes
    local_ufrag: str
    remote_ufrag: str
    nominated: bool
    unknown: tuple[int, ...]
    """Attributes that must be understood to answer, and are not."""
    integrity: bytes
    signed_part: bytes


@final
class IceLite:
    """One ICE session. An ICE restart is a new IceLite; keep the old one answering until the new one is nominated."""

    def __init__(self, *, ufrag: str | None = None, password: str | None = None) -> None:
        self.local_ufrag: Final = ufrag if ufrag is not None else _random_ice_characters(8)
        self.local_password: Final = password if password is not None else _random_ice_characters(24)
        self.last_consent: float | None = None
        """When the last valid request came; a transport without one for 30 seconds must fall silent (RFC 7675)."""
        self._key = self.local_password.encode("ascii")
        self._remote_ufrag: str | None = None

    def set_remote(self, ufrag: str, password: str) -> None:  # noqa: ARG002 - signs requests, a lite agent makes none
        """From the peer's offer. From now on requests must name that peer."""
        self._remote_ufrag = ufrag

    def receive_untrusted(self, datagram: bytes, address: tuple[str, int], now: float) -> IceResult:
        """Judge one datagram from `address` at `now`. Any bytes at all give a result."""
        request = _parse_request_untrusted(datagram)
        if request is None or not self._is_authentic(request):
            return _IGNORED
        if request.unknown:
            return IceResult(_sign(self._key, _unknown_attributes(request)), valid=False, nominated=False)
        self.last_consent = now
        reply = _sign(self._key, _binding_success(request.transaction_id, address))
        return IceResult(reply, valid=True, nominated=request.nominated)

    def _is_authentic(self, request: _Request) -> bool:
        if request.local_ufrag != self.local_ufrag:
            return False
        if self._remote_ufrag is not None and request.remote_ufrag != self._remote_ufrag:
            return False
        return hmac.compare_digest(request.integrity, hmac.digest(self._key, request.signed_part, "sha1"))


def username_fragment_untrusted(datagram: bytes) -> str | None:
    """The local ufrag that a binding request is addressed to, for dispatch; None for anything else."""
    request = _parse_request_untrusted(datagram)
    return None if request is None else request.local_ufrag


def _parse_request_untrusted(datagram: bytes) -> _Request | None:
    if not _HEADER_SIZE <= len(datagram) <= _MAX_SIZE:
        return None
    message_type, length, cookie, transaction_id = struct.unpack_from("!HHI12s", datagram)
    if message_type != _BINDING_REQUEST or cookie != _COOKIE or length + _HEADER_SIZE != len(datagram):
        return None
    attributes = _parse_attributes_untrusted(datagram)
    if attributes is None or not attributes.keys() >= _REQUIRED:
        return None
    username = _USERNAME_VALUE.fullmatch(attributes[_USERNAME][1])
    integrity_offset, integrity = attributes[_MESSAGE_INTEGRITY]
    if username is None or len(integrity) != 20:
        return None
    return _Request(
        transaction_id=transaction_id,
        local_ufrag=username[1].decode("ascii"),
        remote_ufrag=username[2].decode("ascii"),
        nominated=_USE_CANDIDATE in attributes,
        unknown=tuple(kind for kind in attributes if kind < 0x8000 and kind not in _UNDERSTOOD),
        integrity=integrity,
        signed_part=_with_length(datagram[:integrity_offset], extra=24),
    )


def _parse_attributes_untrusted(datagram: bytes) -> dict[int, tuple[int, bytes]] | None:
    """Kind -> (offset, value), the first of each kind. What is not signed is left out (RFC 8489 section 14.5)."""
    attributes: dict[int, tuple[int, bytes]] = {}
    offset = _HEADER_SIZE
    while offset < len(datagram):
        if offset + 4 > len(datagram) or _FINGERPRINT in attributes:
            return None
        kind, length = struct.unpack_from("!HH", datagram, offset)
        end = offset + 4 + length
        if end > len(datagram):
            return None
        value = datagram[offset + 4 : end]
        if kind == _FINGERPRINT and value != _fingerprint(datagram[:offset]):
            return None
        if kind == _FINGERPRINT or _MESSAGE_INTEGRITY not in attributes:
            attributes.setdefault(kind, (offset, value))
        offset = end + (-length & 3)
    return attributes if offset == len(datagram) else None


def _binding_success(transaction_id: bytes, address: tuple[str, int]) -> bytes:
    ip = ipaddress.ip_address(address[0].partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped  # a dual-stack socket's way of writing an IPv4 address
    mask = struct.pack("!I", _COOKIE) + transaction_id
    port = address[1] ^ (_COOKIE >> 16)
    masked = bytes(a ^ b for a, b in zip(ip.packed, mask, strict=False))
    value = struct.pack("!xBH", 1 if ip.version == 4 else 2, port) + masked
    return _message(_BINDING_SUCCESS, transaction_id, [(_XOR_MAPPED_ADDRESS, value)])


def _unknown_attributes(request: _Request) -> bytes:
    kinds = request.unknown[:_MAX_UNKNOWN_LISTED]
    error = struct.pack("!xxBB", 4, 20) + b"Unknown Attribute"
    listed = struct.pack(f"!{len(kinds)}H", *kinds)
    return _message(_BINDING_ERROR, request.transaction_id, [(_ERROR_CODE, error), (_UNKNOWN_ATTRIBUTES, listed)])


def _message(message_type: int, transaction_id: bytes, attributes: list[tuple[int, bytes]]) -> bytes:
    body = b"".join(_attribute(kind, value) for kind, value in attributes)
    return struct.pack("!HHI12s", message_type, len(body), _COOKIE, transaction_id) + body


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) & 3)


def _sign(key: bytes, message: bytes) -> bytes:
    """Add MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489 sections 14.5 and 14.7)."""
    message = _with_length(message, extra=24)
    message += _attribute(_MESSAGE_INTEGRITY, hmac.digest(key, message, "sha1"))
    message = _with_length(message, extra=8)
    return message + _attribute(_FINGERPRINT, _fingerprint(message))


def _with_length(message: bytes, *, extra: int) -> bytes:
    """The message with its length field counting `extra` bytes that are yet to come."""
    return message[:2] + struct.pack("!H", len(message) - _HEADER_SIZE + extra) + message[4:]


def _fingerprint(preceding: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(preceding) ^ _FINGERPRINT_XOR)


def _random_ice_characters(count: int) -> str:
    return "".join(secrets.choice(_ICE_CHARACTERS) for _ in range(count))
