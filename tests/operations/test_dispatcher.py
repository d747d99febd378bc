# SPDX-License-Identifier: Apache-2.0
"""One way to every operation: authorized, validated, limited in time, counted; errors have one shape."""

import logging
from typing import Annotated, Any

import msgspec
import pytest
import trio
from trio.testing import MockClock

from podium.core.errors import PodiumError
from podium.core.identity import ANONYMOUS, AuthenticationError, Caller
from podium.core.operations import Dispatcher, OperationError, OperationStatistics, Registry, declare, kind_of
from podium.core.rooms.identity import RoomError

ADA = Caller(role="instructor", subject="ada", session_id="algebra")


class Greet(msgspec.Struct, kw_only=True):
    session_id: str
    name: Annotated[str, msgspec.Meta(min_length=1)] = "you"
    times: int = 1


class Greeting(msgspec.Struct):
    text: str


async def greet(context: dict[str, Any], caller: Caller, request: Greet) -> Greeting:
    """Greet somebody, in the way the context says."""
    await context["before"]()
    return Greeting(f"{request.name}, from {caller.subject}")


class Desk:
    """A dispatcher with one operation that does as told."""

    def __init__(self) -> None:
        self.context: dict[str, Any] = {"before": trio.lowlevel.checkpoint}
        self.registry = Registry()
        self.registry.offer("greeter", declare(greet, roles=("instructor",), grants=("greet",)), self.context)
        self.dispatcher = Dispatcher(self.registry)

    async def call(self, caller: Caller = ADA, **values: Any) -> Any:
        return await self.dispatcher.call("Greet", {"session_id": "algebra", **values}, caller)

    async def refused(self, caller: Caller = ADA, **values: Any) -> OperationError:
        with pytest.raises(PodiumError) as caught:
            await self.call(caller, **values)
        assert isinstance(caught.value, OperationError)
        return caught.value

    @property
    def counters(self) -> OperationStatistics:
        return self.dispatcher.statistics()["Greet"]

    def raises(self, error: Exception) -> None:
        async def before() -> None:
            raise error

        self.context["before"] = before


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_call_gets_context_caller_and_request(desk: Desk) -> None:
    assert await desk.call(name="Ben") == Greeting("Ben, from ada")
    assert (desk.counters.calls, desk.counters.refused, desk.counters.running) == (1, 0, 0)


async def test_a_request_can_be_given_as_a_struct(desk: Desk) -> None:
    assert await desk.dispatcher.call("Greet", Greet(session_id="algebra"), ADA) == Greeting("you, from ada")


async def test_a_struct_is_no_way_around_the_session(desk: Desk) -> None:
    with pytest.raises(OperationError, match="another session"):
        await desk.dispatcher.call("Greet", Greet(session_id="botany"), ADA)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"nmae": "Ben"}, "field_unknown", "nmae"),
        ({"name": 5}, "field_invalid", "name"),
        ({"name": ""}, "field_invalid", "name"),
        ({"times": "2"}, "field_invalid", "times"),
        ({"session_id": None}, "field_invalid", "session_id"),
    ],
)
async def test_a_wrong_field_is_named(desk: Desk, values: dict[str, Any], code: str, field: str) -> None:
    error = await desk.refused(**values)
    assert (error.kind, error.code, error.field) == ("invalid", code, field)
    assert desk.counters.refused == 1


async def test_a_missing_field_is_named_and_a_misspelt_one_corrected(desk: Desk) -> None:
    with pytest.raises(OperationError) as caught:
        await desk.dispatcher.call("Greet", {}, ADA)
    assert (caught.value.code, caught.value.field) == ("field_missing", "session_id")
    assert 'did you mean "name"?' in (await desk.refused(nmae="Ben")).message


@pytest.mark.parametrize("values", [[], "text", None, 5])
async def test_a_request_is_an_object(desk: Desk, values: Any) -> None:
    with pytest.raises(OperationError) as caught:
        await desk.dispatcher.call("Greet", values, ADA)
    assert caught.value.code == "not_an_object"


async def test_who_has_neither_role_nor_grant_learns_nothing_about_fields(desk: Desk) -> None:
    student = Caller(role="student", session_id="algebra")
    assert (await desk.refused(student, nmae="Ben")).code == "forbidden"
    assert (await desk.refused(ANONYMOUS, nmae="Ben")).code == "unauthenticated"


async def test_a_grant_counts_in_its_session(desk: Desk) -> None:
    student = Caller(role="student", session_id="algebra", grants=frozenset({"greet"}))
    assert await desk.call(student)
    assert (await desk.refused(student, session_id="botany")).code == "forbidden"


async def test_an_unknown_operation_is_not_found_and_not_counted(desk: Desk) -> None:
    with pytest.raises(OperationError) as caught:
        await desk.dispatcher.call("Grete", {}, ADA)
    assert caught.value.kind == "not_found"
    assert desk.dispatcher.statistics() == {}


async def test_an_error_on_purpose_comes_through(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.raises(PodiumError("too_shy", "I am too shy", "name"))
    with pytest.raises(PodiumError, match="too shy"):
        await desk.call()
    assert desk.counters.failed == 1
    assert caplog.records == []


async def test_a_fault_is_logged_and_its_text_kept_back(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.raises(KeyError("the password"))
    error = await desk.refused()
    assert (error.kind, error.code) == ("internal", "internal")
    assert "password" not in error.message
    assert desk.counters.errors == 1
    (record,) = caplog.records
    assert (record.levelno, record.plugin) == (logging.ERROR, "greeter")  # type: ignore[attr-defined]  # an extra


async def test_a_wrong_response_is_a_fault(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    async def wrong(context: Any, caller: Caller, request: Greet) -> Greeting:
        """Answer wrongly."""
        return "hello"  # type: ignore[return-value]  # that is the point

    desk.registry.offer("other", declare(wrong, roles=("service",)))
    with pytest.raises(OperationError) as caught:
        await desk.dispatcher.call("Wrong", {"session_id": "x"}, Caller(role="service"))
    assert caught.value.code == "internal"
    assert "returned str" in caplog.text


async def test_a_call_ends_at_its_deadline(desk: Desk, autojump_clock: MockClock) -> None:
    desk.context["before"] = trio.sleep_forever
    began = trio.current_time()
    assert (await desk.refused()).kind == "timeout"
    assert trio.current_time() - began == pytest.approx(10)
    assert (desk.counters.timeouts, desk.counters.running) == (1, 0)
    assert desk.counters.seconds == pytest.approx(10)


async def test_who_hangs_up_ends_the_call(desk: Desk) -> None:
    with trio.CancelScope() as scope:

        async def hang_up() -> None:
            scope.cancel()
            await trio.sleep_forever()

        desk.context["before"] = hang_up
        await desk.call()
    assert scope.cancelled_caught
    assert (desk.counters.timeouts, desk.counters.running) == (0, 0)


async def test_withdrawing_ends_calls_that_run(desk: Desk) -> None:
    async def withdraw() -> None:
        assert desk.counters.running == 1
        desk.dispatcher.withdraw("greeter")
        await trio.sleep_forever()

    desk.context["before"] = withdraw
    error = await desk.refused()
    assert (error.kind, error.code) == ("unavailable", "operation_withdrawn")
    assert desk.dispatcher.statistics() == {}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RoomError("room_unknown", "?"), "not_found"),
        (RoomError("room_full", "?"), "conflict"),
        (RoomError("name_invalid", "?"), "invalid"),
        (AuthenticationError("token_expired", "?"), "unauthenticated"),
        (AuthenticationError("token_invalid", "?"), "unauthenticated"),
        (OperationError("exhausted", "room_unknown", "?"), "exhausted"),
        (PodiumError("whatever", "?"), "invalid"),
    ],
)
def test_every_error_has_a_kind(error: PodiumError, kind: str) -> None:
    assert kind_of(error) == kind
