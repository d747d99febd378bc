# SPDX-License-Identifier: Apache-2.0
"""The signaling socket of a running host, spoken to by an independent WebSocket client."""

import logging
from contextlib import suppress
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed

from podium.core.events import Speaking
from podium.core.identity import AuthenticationError, Caller
from podium.core.rooms.wishes import Shown

HANDSHAKE = (
    b"GET /signal HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


async def closed(client: Any) -> int:
    """The code with which the host closes, after any messages."""
    try:
        while True:
            await client.socket.get_message()
    except ConnectionClosed:
        code: int = client.socket.closed.code
        return code


async def test_joining_tells_who_is_there(host: Any) -> None:
    async with host.connect() as ada, host.connect() as ben:
        assert (await ada.join("Ada"))["participants"] == []
        joined = await ben.join("Ben", participant_id="ben")
        assert joined["type"] == "Joined"
        assert joined["participant_id"] == "ben"
        assert [person["display_name"] for person in joined["participants"]] == ["Ada"]
        event = await ada.receive()
        assert (event["type"], event["participant"]["display_name"]) == ("ParticipantJoined", "Ben")


async def test_requests_reach_the_participant(host: Any) -> None:
    async with host.connect() as ada:
        own_id = (await ada.join())["participant_id"]
        answer = await ada.ask("Offer", sdp="v=0", sources={"0": "camera"})
        assert answer == {"type": "Answer", "sdp": "the answer", "slots": [{"mid": "3", "kind": "audio"}]}
        await ada.send("IceCandidate", candidate="candidate:1", sdp_mid="0", sdp_m_line_index=0)
        await ada.send("Show", slots=[{"mid": "4", "participant_id": "p9", "source": "screen", "max_height": 360}])
        await ada.send("Mute", source="microphone", muted=True)
        assert await ada.ask("Ping", id=7) == {"type": "Pong", "id": 7}
        assert host.rooms.present[own_id].asked == [
            ("negotiate", "v=0", {"0": "camera"}),
            ("candidate", "candidate:1"),
            ("show", [Shown(mid="4", participant_id="p9", source="screen", max_height=360)]),
            ("mute", "microphone", True),
        ]


async def test_leaving_says_goodbye_and_tells_the_others(host: Any) -> None:
    async with host.connect() as ada, host.connect() as ben:
        await ada.join("Ada", participant_id="ada")
        await ben.join("Ben")
        await ada.send("Leave")
        assert await ada.receive_type("Left") == {"type": "Left", "reason": "left"}
        assert await closed(ada) == 1000
        assert (await ben.receive_type("ParticipantLeft"))["participant_id"] == "ada"


async def test_hanging_up_is_leaving(host: Any) -> None:
    async with host.connect() as ada:
        await ada.join("Ada", participant_id="ada")
    assert await host.rooms.until_left("ada") == "disconnected"


async def test_a_connection_that_breaks_is_leaving(host: Any) -> None:
    async with host.connect() as ada:
        await ada.join("Ada", participant_id="ada")
        await ada.socket._stream.aclose()  # without the closing handshake
        assert await host.rooms.until_left("ada") == "disconnected"


async def test_joining_elsewhere_ends_the_earlier_connection(host: Any) -> None:
    async with host.connect() as first, host.connect() as second:
        await first.join("Ada", participant_id="ada")
        await second.join("Ada", participant_id="ada")
        assert (await first.receive_type("Left"))["reason"] == "replaced"
        assert await closed(first) == 1000
        assert await second.ask("Ping") == {"type": "Pong"}


async def test_without_ad_hoc_rooms_a_session_must_be_known(host: Any) -> None:
    host.rooms.ad_hoc = False
    async with host.connect() as ada:
        answer = await ada.join()
        assert (answer["type"], answer["code"], answer["field"]) == ("Error", "session_unknown", "session_id")
        assert answer["about"] == "Join"


async def test_a_refused_join_can_be_corrected(host: Any) -> None:
    async with host.connect() as ada:
        refused = await ada.join(" ")
        assert (refused["code"], refused["field"]) == ("name_invalid", "display_name")
        assert (await ada.join("Ada"))["type"] == "Joined"


async def test_wrong_input_is_answered_and_does_no_harm(host: Any) -> None:
    async with host.connect() as ada:
        await ada.join()
        await ada.socket.send_message(b"\x00\xff")
        assert (await ada.receive())["code"] == "not_text"
        await ada.socket.send_message("{")
        assert (await ada.receive())["code"] == "not_json"
        refused = await ada.ask("Offer", sdp="bad")
        assert refused == {
            "type": "Error",
            "code": "offer_invalid",
            "message": "line 1 is not SDP",
            "field": "sdp",
            "about": "Offer",
        }
        assert await ada.ask("Ping") == {"type": "Pong"}


async def test_a_flood_of_garbage_ends_one_connection_only(host: Any) -> None:
    async with host.connect() as ben:
        await ben.join("Ben")
        async with host.connect() as ada:
            with suppress(ConnectionClosed):
                for _ in range(1000):
                    await ada.socket.send_message("garbage")
            assert await closed(ada) in (1008, 1006)  # what still arrives after the close may reset the connection
        assert await ben.ask("Ping", id=1) == {"type": "Pong", "id": 1}


async def test_too_many_errors_end_the_connection_with_a_reason(host: Any) -> None:
    async with host.connect() as ada:
        for _ in range(20):
            await ada.socket.send_message("garbage")
            assert (await ada.receive())["code"] == "not_json"
        await ada.socket.send_message("garbage")
        assert await closed(ada) == 1008


async def test_a_message_that_is_too_large_ends_the_connection(host: Any) -> None:
    async with host.connect() as ada:
        await ada.join("Ada", participant_id="ada")
        await ada.socket.send_message("x" * 300_000)
        assert await closed(ada) == 1009
        await host.rooms.until_left("ada")


async def test_compression_is_declined(host: Any) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", host.port) as stream:
        await stream.send_all(HANDSHAKE + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
        response = await stream.receive_some()
        assert b" 101 " in response
        assert b"sec-websocket-extensions" not in response.lower()


async def test_a_fault_of_ours_closes_with_1011_and_is_logged(host: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with host.connect() as ada, host.connect() as ben:
        await ada.join("Ada", participant_id="ada")
        await ben.join("Ben")
        with caplog.at_level(logging.ERROR):
            await ada.send("Offer", sdp="crash")
            assert await closed(ada) == 1011
        assert "a fault of ours" in caplog.text
        assert (await ben.receive_type("ParticipantLeft"))["participant_id"] == "ada"


async def test_a_peer_that_reads_nothing_is_dropped_and_the_others_go_on(host: Any) -> None:
    async with host.connect() as ben, await trio.open_tcp_stream("127.0.0.1", host.port) as stream:
        await stream.send_all(HANDSHAKE + b"\r\n")
        assert b" 101 " in await stream.receive_some()
        content = b'{"type":"Join","session_id":"algebra","display_name":"Ada","participant_id":"ada"}'
        await ben.join("Ben")
        await stream.send_all(b"\x81" + bytes([0x80 | len(content)]) + bytes(4) + content)  # one masked text frame
        await ben.receive_type("ParticipantJoined")
        ada = host.rooms.present["ada"]
        while ada.left_reason is None:  # fills the buffers of the kernel, then the outbox
            ada.tell(Speaking(participant_id="x" * 100_000))
            await trio.lowlevel.checkpoint()
        assert (await ben.receive_type("ParticipantLeft"))["participant_id"] == "ada"
        assert await ben.ask("Ping", id=2) == {"type": "Pong", "id": 2}


async def test_stopping_tells_peers_to_come_back(host: Any) -> None:
    async with host.connect() as ada, host.connect() as visitor:
        await ada.join("Ada", participant_id="ada")
        await visitor.ask("Ping")
        host.stop()
        assert await closed(ada) == 1012
        assert await closed(visitor) == 1012
        assert await host.rooms.until_left("ada") == "shutdown"


async def test_a_silent_peer_is_pinged_and_then_dropped(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.hosts.web.signalling.PING_EVERY", 0.01)
    async with host.connect() as ada:
        await ada.join("Ada", participant_id="ada")
        assert (await ada.receive_type("Ping"))["id"] == 1
        monkeypatch.setattr("podium.hosts.web.conversation.SILENCE_LIMIT", 0.0)
        assert await closed(ada) == 1001
    await host.rooms.until_left("ada")


async def test_a_connection_that_never_joins_is_dropped(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.hosts.web.signalling.CHECK_EVERY", 0.01)
    monkeypatch.setattr("podium.hosts.web.conversation.JOIN_WITHIN", 0.0)
    async with host.connect() as visitor:
        assert await closed(visitor) == 1008


async def test_who_came_to_an_ad_hoc_room_can_come_back_as_the_same(host: Any) -> None:
    async with host.connect() as ada:
        joined = await ada.join("Ada", role="instructor")
        caller = await host.services.identities.authenticate(joined["token"])
        assert (caller.role, caller.session_id, caller.subject) == ("instructor", "algebra", joined["participant_id"])
    async with host.connect() as ada, host.connect() as ben:
        back = await ada.join("Ada", token=joined["token"])
        assert (back["role"], back["participant_id"]) == ("instructor", joined["participant_id"])
        assert back["token"] is None
        lent = (await ben.join("Ben"))["token"]
        caller = await host.services.identities.authenticate(lent)
        assert (caller.role, caller.display_name) == ("student", None)


async def test_what_plugins_made_of_a_role_is_in_no_lent_token(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    join = host.rooms.join

    async def promote(*arguments: Any, **options: Any) -> Any:
        participant = await join(*arguments, **options)
        participant.role = "assistant"
        return participant

    monkeypatch.setattr(host.rooms, "join", promote)
    async with host.connect() as ben:
        joined = await ben.join("Ben")
        caller = await host.services.identities.authenticate(joined["token"])
        assert (joined["role"], caller.role) == ("assistant", "student")


async def test_operations_are_for_the_role_that_was_given(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    join = host.rooms.join

    async def join_as_student(*values: Any, **options: Any) -> Any:
        assert options["wished"]
        participant = await join(*values, **options)
        participant.role = "student"
        return participant

    monkeypatch.setattr(host.rooms, "join", join_as_student)
    async with host.connect() as eve:
        assert (await eve.join("Eve", role="instructor"))["role"] == "student"
        assert (await eve.ask("WhoAmI"))["role"] == "student"
        assert (await eve.ask("CloseRoom", session_id="algebra"))["code"] == "forbidden"


async def test_operations_are_for_the_role_of_the_moment(host: Any) -> None:
    async with host.connect() as ada:
        await ada.join("Ada", participant_id="ada")
        assert (await ada.ask("WhoAmI"))["role"] == "student"
        host.rooms.present["ada"].role = "instructor"
        assert (await ada.ask("WhoAmI"))["role"] == "instructor"
        host.rooms.present["ada"].role = "student"
        assert (await ada.ask("CloseRoom", session_id="algebra"))["code"] == "forbidden"


async def test_a_token_that_counts_no_more_lets_nobody_in(host: Any) -> None:
    class Registrar:
        async def check(self, caller: Caller) -> None:
            if caller.subject == "eve":
                raise AuthenticationError("banned", "you have been banned")

        async def in_role(self, caller: Caller) -> Caller:
            raise AssertionError("the room says who joins as what")

    host.services.identities.ask(Registrar())
    async with host.connect() as eve:
        assert (await eve.join("Eve", token=host.token("student", participant_id="eve")))["code"] == "banned"
        ada = await eve.join("Ada", token=host.token("student", participant_id="ada"))
        assert (ada["participant_id"], ada["role"]) == ("ada", "student")


async def test_whoever_waits_for_an_answer_learns_of_every_refusal(host: Any) -> None:
    async with host.connect() as ada:
        early = await ada.ask("WhoAmI", request_id="1")
        assert (early["code"], early["request_id"]) == ("join_first", "1")
        await ada.join()
        for kind, code in (("Nothing", "type_unknown"), ("Mute", "field_unknown"), ("CloseRoom", "forbidden")):
            refused = await ada.ask(kind, request_id="2")
            assert (refused["code"], refused["request_id"]) == (code, "2")
        assert "request_id" not in await ada.ask("Nothing", request_id=["2"])
