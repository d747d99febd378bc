# SPDX-License-Identifier: Apache-2.0
"""The ICE-lite responder, with aioice's STUN code as the peer's side."""

import re
import struct

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from podium.core.media.ice import IceLite, IceResult, username_fragment_untrusted

PEER = ("192.0.2.7", 50123)
NOTHING = IceResult(reply=None, valid=False, nominated=False)


def request(ice: IceLite, *, remote: str = "peer", password: str | None = None, nominate: bool = False) -> stun.Message:
    """A connectivity check as a browser sends it."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ice.local_ufrag}:{remote}"
    message.attributes["PRIORITY"] = 1845501695
    message.attributes["ICE-CONTROLLING"] = 0x0123456789ABCDEF
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity((password or ice.local_password).encode())
    return message


def raw_request(ice: IceLite, extra: list[tuple[int, bytes]]) -> bytes:
    """A signed check with attributes that aioice cannot write."""
    unsigned = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    unsigned.attributes["USERNAME"] = f"{ice.local_ufrag}:peer"
    data = bytes(unsigned)
    for kind, value in extra:
        data += struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) & 3)
    data += struct.pack("!HH", 0x0008, 20) + stun.message_integrity(data, ice.local_password.encode())
    data = stun.set_body_length(data, len(data) - 20 + 8)
    return data + struct.pack("!HHI", 0x8028, 4, stun.message_fingerprint(data))


@pytest.fixture
def ice() -> IceLite:
    ice = IceLite()
    ice.set_remote("peer", "p" * 22)
    return ice


def test_credentials_are_long_enough_random_and_made_of_ice_characters() -> None:
    many = [IceLite() for _ in range(50)]
    for ice in many:
        assert re.fullmatch(r"[A-Za-z0-9+/]{8}", ice.local_ufrag)
        assert re.fullmatch(r"[A-Za-z0-9+/]{24}", ice.local_password)
    assert len({ice.local_ufrag for ice in many}) == len({ice.local_password for ice in many}) == 50


@pytest.mark.parametrize(
    ("address", "mapped"),
    [
        (("192.0.2.7", 50123), ("192.0.2.7", 50123)),
        (("::ffff:192.0.2.7", 50123), ("192.0.2.7", 50123)),
        (("2001:db8::5", 1), ("2001:db8::5", 1)),
        (("fe80::1%eth0", 65535), ("fe80::1", 65535)),
    ],
)
def test_a_signed_request_is_answered_with_its_own_address(
    ice: IceLite, address: tuple[str, int], mapped: tuple[str, int]
) -> None:
    check = request(ice)
    result = ice.receive_untrusted(bytes(check), address, now=5.0)
    assert (result.valid, result.nominated) == (True, False)
    assert result.reply is not None
    reply = stun.parse_message(result.reply)
    assert (reply.message_method, reply.message_class) == (stun.Method.BINDING, stun.Class.RESPONSE)
    assert reply.transaction_id == check.transaction_id
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == mapped
    assert list(reply.attributes) == ["XOR-MAPPED-ADDRESS", "MESSAGE-INTEGRITY", "FINGERPRINT"]
    assert reply.check_message_integrity(ice.local_password.encode())
    assert len(result.reply) <= len(bytes(check))


def test_use_candidate_nominates(ice: IceLite) -> None:
    result = ice.receive_untrusted(bytes(request(ice, nominate=True)), PEER, now=0.0)
    assert result.valid
    assert result.nominated


def test_consent_is_the_time_of_the_last_valid_request(ice: IceLite) -> None:
    consents = [ice.last_consent]
    for now, password in ((10.0, None), (20.0, "wrong" * 5), (30.0, None)):
        ice.receive_untrusted(bytes(request(ice, password=password)), PEER, now)
        consents.append(ice.last_consent)
    assert consents == [None, 10.0, 10.0, 30.0]


def test_nothing_is_said_to_who_cannot_sign(ice: IceLite) -> None:
    assert ice.receive_untrusted(bytes(request(ice, password="x" * 24)), PEER, now=0.0) == NOTHING


def test_nothing_is_said_to_who_names_another_session_or_another_peer(ice: IceLite) -> None:
    other = IceLite(password=ice.local_password)
    assert ice.receive_untrusted(bytes(request(other)), PEER, now=0.0) == NOTHING
    assert ice.receive_untrusted(bytes(request(ice, remote="someone")), PEER, now=0.0) == NOTHING


def test_before_the_peer_is_known_its_fragment_is_not_checked() -> None:
    ice = IceLite(ufrag="abcd", password="e" * 22)
    assert ice.receive_untrusted(bytes(request(ice, remote="anyone")), PEER, now=0.0).valid


def test_a_request_needs_a_right_fingerprint(ice: IceLite) -> None:
    data = bytes(request(ice))
    assert ice.receive_untrusted(data[:-1] + bytes([data[-1] ^ 1]), PEER, now=0.0) == NOTHING
    without = stun.set_body_length(data[:-8], len(data) - 28)
    assert ice.receive_untrusted(without, PEER, now=0.0) == NOTHING


def test_an_attribute_that_must_be_understood_is_refused_with_420(ice: IceLite) -> None:
    result = ice.receive_untrusted(raw_request(ice, [(0x7A7A, b"odd")]), PEER, now=1.0)
    assert not result.valid
    assert ice.last_consent is None
    assert result.reply is not None
    reply = stun.parse_message(result.reply)
    assert reply.message_class == stun.Class.ERROR
    assert reply.error_code == 420
    assert reply.check_message_integrity(ice.local_password.encode())
    assert struct.pack("!HHH", 0x000A, 2, 0x7A7A) in result.reply


def test_a_request_full_of_unknown_attributes_gets_a_smaller_reply(ice: IceLite) -> None:
    data = raw_request(ice, [(0x7000 + number, b"") for number in range(200)])
    result = ice.receive_untrusted(data, PEER, now=1.0)
    assert result.reply is not None
    assert len(result.reply) < 150


def test_optional_unknown_attributes_are_passed_over(ice: IceLite) -> None:
    goog_network_info = (0xC057, bytes(4))
    assert ice.receive_untrusted(raw_request(ice, [goog_network_info]), PEER, now=0.0).valid


def test_what_follows_the_signature_is_not_believed(ice: IceLite) -> None:
    data = bytes(request(ice))[:-8] + struct.pack("!HH", 0x0025, 0)
    data = stun.set_body_length(data, len(data) - 20 + 8)
    data += struct.pack("!HHI", 0x8028, 4, stun.message_fingerprint(data))
    result = ice.receive_untrusted(data, PEER, now=0.0)
    assert result.valid
    assert not result.nominated


def test_indications_and_responses_are_ignored(ice: IceLite) -> None:
    for message_class in (stun.Class.INDICATION, stun.Class.RESPONSE, stun.Class.ERROR):
        message = request(ice)
        message.message_class = message_class
        message.add_message_integrity(ice.local_password.encode())
        assert ice.receive_untrusted(bytes(message), PEER, now=0.0) == NOTHING


def test_a_request_says_which_session_it_is_for(ice: IceLite) -> None:
    assert username_fragment_untrusted(bytes(request(ice))) == ice.local_ufrag
    assert username_fragment_untrusted(bytes(request(ice, password="unknown" * 4))) == ice.local_ufrag


@pytest.mark.parametrize(
    "username", ["nocolon", ":peer", "abc:peer", "abcdefgh:", "abcd\x00efg:peer", "a" * 257 + ":peer"]
)
def test_odd_usernames_are_for_nobody(ice: IceLite, username: str) -> None:
    message = request(ice)
    message.attributes["USERNAME"] = username
    message.add_message_integrity(ice.local_password.encode())
    assert username_fragment_untrusted(bytes(message)) is None
    assert ice.receive_untrusted(bytes(message), PEER, now=0.0) == NOTHING


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_ignored(data: bytes, looks_like_stun: bool) -> None:
    if looks_like_stun:
        data = struct.pack("!HHI", 0x0001, max(0, len(data) - 12), 0x2112A442) + data
    assert IceLite(ufrag="abcdefgh").receive_untrusted(data, PEER, now=0.0) == NOTHING


@given(st.data())
def test_a_damaged_request_is_ignored(data: st.DataObject) -> None:
    ice = IceLite(ufrag="abcdefgh", password="p" * 24)
    good = bytes(request(ice, nominate=True))
    position = data.draw(st.integers(0, len(good) - 1))
    damaged = good[:position] + bytes([good[position] ^ data.draw(st.integers(1, 255))]) + good[position + 1 :]
    assert ice.receive_untrusted(damaged, PEER, now=0.0) == NOTHING
    assert ice.receive_untrusted(good[:position], PEER, now=0.0) == NOTHING
