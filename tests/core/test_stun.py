# SPDX-License-Identifier: Apache-2.0
"""Finding the ufrag in STUN requests: against aioice's writer, and against the oracle on hostile bytes."""

from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from podium.core._stun import local_ufrag
from tests.oracles.stun import local_ufrag as oracle


def request(username: str, **attributes: object) -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes.update(attributes)
    message.attributes["USERNAME"] = username
    message.attributes["ICE-CONTROLLING"] = 7
    message.add_message_integrity(b"password")
    return bytes(message)


HOSTILE = st.one_of(
    st.binary(max_size=120),
    st.builds(
        lambda body, claimed: b"\x00\x01" + claimed.to_bytes(2, "big") + bytes.fromhex("2112a442") + bytes(12) + body,
        st.binary(max_size=80),
        st.integers(0, 100),
    ),
    st.builds(
        lambda body: b"\x00\x01" + len(body).to_bytes(2, "big") + bytes.fromhex("2112a442") + bytes(12) + body,
        st.lists(
            st.builds(
                lambda kind, value, lie: kind.to_bytes(2, "big") + (len(value) + lie).to_bytes(2, "big") + value,
                st.sampled_from([6, 8, 0x24]),
                st.binary(max_size=48) | st.just(b"abcd:efgh") | st.just(b":efgh"),
                st.sampled_from([0, 0, 0, 1, 400]),
            ),
            max_size=4,
        ).map(b"".join),
    ),
)


def test_the_ufrag_is_what_stands_before_the_colon() -> None:
    assert local_ufrag(request("ours:theirs")) == b"ours"
    assert local_ufrag(request("ours:theirs", PRIORITY=1)) == b"ours"


def test_other_messages_have_none() -> None:
    assert local_ufrag(request("no colon at all")) is None
    assert local_ufrag(request(":theirs")) is None
    assert local_ufrag(request("x" * 33 + ":theirs")) is None
    assert local_ufrag(b"") is None
    response = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.RESPONSE)
    assert local_ufrag(bytes(response)) is None


@given(HOSTILE)
def test_hostile_bytes_give_what_the_oracle_gives(data: bytes) -> None:
    assert local_ufrag(data) == oracle(data)


@given(st.integers(0, 200), st.integers(0, 255))
def test_one_wrong_byte_gives_what_the_oracle_gives(at: int, value: int) -> None:
    data = bytearray(request("ours:theirs"))
    data[at % len(data)] = value
    assert local_ufrag(bytes(data)) == oracle(bytes(data))
