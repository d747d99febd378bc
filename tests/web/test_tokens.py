# SPDX-License-Identifier: Apache-2.0
"""Joining with a token, and operations on the signaling socket."""

from typing import Any

import msgspec
import pytest
import trio

from podium.core.identity import Caller
from podium.core.operations import declare
from podium.core.operations.declaration import RESERVED_NAMES
from podium.hosts.web.messages import CLIENT_MESSAGES, HOST_MESSAGES
from podium.hosts.web.signalling import OPERATIONS_AT_ONCE
from tests.web.conftest import SERVICE


class TestJoining:
    @pytest.mark.parametrize("ad_hoc", [True, False])
    async def test_what_a_token_says_wins(self, host: Any, ad_hoc: bool) -> None:
        host.rooms.ad_hoc = ad_hoc
        token = host.token("observer", participant_id="ada", display_name="Ada L.")
        async with host.connect() as ada:
            joined = await ada.ask(
                "Join",
                session_id="botany",
                display_name="The Dean",
                participant_id="dean",
                role="instructor",
                token=token,
            )
        assert joined["type"] == "Joined"
        assert (joined["session_id"], joined["participant_id"]) == ("algebra", "ada")
        assert (joined["display_name"], joined["role"]) == ("Ada L.", "observer")
        assert host.rooms.invited == ["algebra"]

    async def test_what_a_token_leaves_open_is_the_browsers_choice(self, host: Any) -> None:
        async with host.connect() as ada:
            joined = await ada.join("Ada", participant_id="ada", token=host.token("student"))
        assert (joined["participant_id"], joined["display_name"]) == ("ada", "Ada")

    @pytest.mark.parametrize("ad_hoc", [True, False])
    async def test_a_wrong_token_is_refused_everywhere(self, host: Any, ad_hoc: bool) -> None:
        host.rooms.ad_hoc = ad_hoc
        late = host.token("student", now=1_000_000_000)
        async with host.connect() as ada:
            for token, code in (("a.b.c", "token_invalid"), (late, "token_expired"), ("", "token_invalid")):
                refused = await ada.join(token=token)
                assert (refused["type"], refused["code"], refused["field"]) == ("Error", code, "token")
        assert host.rooms.invited == []

    async def test_an_api_key_is_nobody_in_a_room(self, host: Any) -> None:
        async with host.connect() as ada:
            assert (await ada.join(token=SERVICE.key))["code"] == "token_invalid"

    async def test_a_refused_token_can_be_corrected(self, host: Any) -> None:
        host.rooms.ad_hoc = False
        async with host.connect() as ada:
            assert (await ada.join(token="a.b.c"))["code"] == "token_invalid"
            assert (await ada.join(token=host.token("student")))["type"] == "Joined"


class Wait(msgspec.Struct):
    session_id: str = "algebra"


class Waited(msgspec.Struct):
    subject: str | None


class TestOperations:
    async def test_an_operation_is_a_message_and_its_response_another(self, host: Any) -> None:
        async with host.connect() as ada:
            await ada.join(token=host.token("assistant"), participant_id="ada")
            answer = await ada.ask("GetRoom", session_id="algebra", request_id="7")
            assert (answer["type"], answer["request_id"]) == ("RoomInfo", "7")
            assert [person["participant_id"] for person in answer["participants"]] == ["ada"]
            assert "request_id" not in await ada.ask("GetRoom", session_id="algebra")

    async def test_the_caller_is_the_participant(self, host: Any) -> None:
        token = host.token("student", grants=("record",), display_name="Ada")
        async with host.connect() as ada:
            own_id = (await ada.join(token=token))["participant_id"]
            assert await ada.ask("WhoAmI") == {
                "type": "CallerInfo",
                "role": "student",
                "subject": own_id,
                "session_id": "algebra",
                "display_name": "Ada",
                "grants": ["record"],
            }

    async def test_a_refusal_has_the_shape_of_every_error(self, host: Any) -> None:
        async with host.connect() as ada:
            await ada.join(token=host.token("student"))
            refused = await ada.ask("CloseRoom", session_id="algebra", request_id="a")
            assert refused == {
                "type": "Error",
                "code": "forbidden",
                "message": "CloseRoom is for administrator, instructor, service",
                "field": None,
                "about": "CloseRoom",
                "request_id": "a",
            }
            assert (await ada.ask("WhoAmI", nonsense=1))["field"] == "nonsense"
            assert (await ada.ask("WhoAmI", request_id=5))["field"] == "request_id"

    async def test_operations_need_a_join(self, host: Any) -> None:
        async with host.connect() as ada:
            assert (await ada.ask("WhoAmI"))["code"] == "join_first"

    async def test_an_unknown_operation_is_an_unknown_type(self, host: Any) -> None:
        async with host.connect() as ada:
            await ada.join()
            refused = await ada.ask("CloseRom", session_id="algebra")
            assert refused["code"] == "type_unknown"
            assert 'did you mean "CloseRoom"?' in refused["message"]

    async def test_a_slow_operation_holds_up_nothing_and_too_many_are_refused(self, host: Any) -> None:
        running, go_on = 0, trio.Event()

        async def wait(context: Any, caller: Caller, request: Wait) -> Waited:
            """Wait for a sign."""
            nonlocal running
            running += 1
            await go_on.wait()
            return Waited(caller.subject)

        host.services.registry.offer("patience", declare(wait, roles=("student",)))
        async with host.connect() as ada:
            await ada.join(participant_id="ada")
            for _ in range(OPERATIONS_AT_ONCE):
                await ada.send("Wait")
            assert (await ada.ask("Wait"))["code"] == "too_many_operations"
            assert await ada.ask("Ping", id=1) == {"type": "Pong", "id": 1}
            assert running == OPERATIONS_AT_ONCE
            go_on.set()
            for _ in range(OPERATIONS_AT_ONCE):
                assert await ada.receive() == {"type": "Waited", "subject": "ada"}

    async def test_hanging_up_ends_an_operation(self, host: Any) -> None:
        started, ended = trio.Event(), trio.Event()

        async def wait(context: Any, caller: Caller, request: Wait) -> Waited:
            """Wait for ever."""
            started.set()
            try:
                await trio.sleep_forever()
            finally:
                ended.set()
            raise AssertionError

        host.services.registry.offer("patience", declare(wait, roles=("student",)))
        async with host.connect() as ada:
            await ada.join()
            await ada.send("Wait")
            await started.wait()
        with trio.fail_after(5):
            await ended.wait()


def test_no_operation_can_be_named_like_a_message() -> None:
    names = {msgspec.inspect.type_info(kind).tag for kind in (*CLIENT_MESSAGES, *HOST_MESSAGES)}  # type: ignore[attr-defined]  # all are structs
    assert names <= RESERVED_NAMES
