# SPDX-License-Identifier: Apache-2.0
"""The one way to an operation: authorize, validate, call with a deadline, count.

A caller learns nothing about a request's fields before the role is enough, and nothing of another session at all.
Whatever goes wrong comes out as PodiumError; what was not raised on purpose is logged and told as `internal`.
"""

import logging
from dataclasses import dataclass
from typing import final

import msgspec
import trio

from podium.core.errors import PodiumError
from podium.core.identity.caller import Caller
from podium.core.operations.declaration import Operation
from podium.core.operations.errors import OperationError
from podium.core.operations.registry import Offered, Registry
from podium.core.operations.validation import read_untrusted
from podium.core.plugins.errors import PluginStalled, bulkhead, contain

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OperationStatistics:
    """One operation since it was offered: `succeeded`, `refused` by us before the call, `failed` with an error on
    purpose, `errors` by fault, `timeouts`; `seconds` in the function in all. `running` now."""

    calls: int = 0
    succeeded: int = 0
    refused: int = 0
    failed: int = 0
    errors: int = 0
    timeouts: int = 0
    running: int = 0
    seconds: float = 0.0


class _Counters:
    def __init__(self) -> None:
        self.calls = self.succeeded = self.refused = self.failed = self.errors = self.timeouts = 0
        self.seconds = 0.0
        self.running: set[trio.CancelScope] = set()

    def snapshot(self) -> OperationStatistics:
        return OperationStatistics(
            calls=self.calls,
            succeeded=self.succeeded,
            refused=self.refused,
            failed=self.failed,
            errors=self.errors,
            timeouts=self.timeouts,
            running=len(self.running),
            seconds=self.seconds,
        )


@final
class Dispatcher:
    """Calls what a registry holds."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._counters: dict[str, _Counters] = {}

    def statistics(self) -> dict[str, OperationStatistics]:
        """By name, for each operation that was called while on offer."""
        return {name: counters.snapshot() for name, counters in self._counters.items()}

    def withdraw(self, owner: str) -> None:
        """Forget all operations of one owner; calls that are running end with `operation_withdrawn`."""
        names = [offered.operation.name for offered in self.registry if offered.owner == owner]
        self.registry.withdraw(owner)
        for name in names:
            if (counters := self._counters.pop(name, None)) is not None:
                for scope in counters.running:
                    scope.cancel()

    async def call(self, name: str, values: object, caller: Caller) -> msgspec.Struct:
        """The response to a request, which is the struct itself or a mapping from outside. Raises PodiumError."""
        await trio.lowlevel.checkpoint()
        offered = self.registry.get(name)
        if offered is None:
            raise OperationError("not_found", "operation_unknown", f"there is no operation {name[:64]!r}")
        counters = self._counters.setdefault(name, _Counters())
        counters.calls += 1
        try:
            request = self._admit(offered.operation, values, caller)
        except PodiumError:
            counters.refused += 1
            raise
        except PluginStalled as error:  # in the plugin's own check of the request
            counters.errors += 1
            raise _failure(offered, error) from error
        return await self._run(offered, request, caller, counters)

    def _admit(self, operation: Operation, values: object, caller: Caller) -> msgspec.Struct:
        if not operation.admits(caller):
            raise _refusal(operation, caller)
        request = values if isinstance(values, operation.request) else read_untrusted(values, operation.request)
        if operation.is_of_session and not caller.may_act_in(request.session_id):  # type: ignore[attr-defined]  # `declare` has seen the field
            raise OperationError(
                "forbidden", "forbidden", f"{operation.name} is not for callers of another session", "session_id"
            )
        return request

    @bulkhead
    async def _run(
        self, offered: Offered, request: msgspec.Struct, caller: Caller, counters: _Counters
    ) -> msgspec.Struct:
        operation = offered.operation
        began = trio.current_time()
        scope = trio.CancelScope(deadline=began + operation.deadline)
        counters.running.add(scope)
        try:
            with scope:
                response = _checked(await operation.function(offered.context, caller, request), operation)
                counters.succeeded += 1
                return response
        except PodiumError:
            counters.failed += 1
            raise
        except BaseException as error:
            fault = contain(error)
            counters.errors += 1
            raise _failure(offered, fault) from fault
        finally:
            counters.running.discard(scope)
            counters.seconds += trio.current_time() - began
        if offered is not self.registry.get(operation.name):
            raise OperationError("unavailable", "operation_withdrawn", f"{operation.name} is no longer offered")
        counters.timeouts += 1
        logger.warning("operation timed out", extra={"operation": operation.name, "plugin": offered.owner})
        raise OperationError("timeout", "timeout", f"{operation.name} took longer than {operation.deadline:g} seconds")


def _failure(offered: Offered, fault: BaseException) -> OperationError:
    """What a caller is told of a fault, which is in the log."""
    name = offered.operation.name
    logger.error("operation failed", extra={"operation": name, "plugin": offered.owner}, exc_info=fault)
    return OperationError("internal", "internal", f"{name} failed; the log says why")


def _refusal(operation: Operation, caller: Caller) -> OperationError:
    if caller.role == "anonymous":
        return OperationError(
            "unauthenticated", "unauthenticated", f"{operation.name} needs a join token or an API key"
        )
    allowed = [*sorted(operation.roles - {"anonymous"}), *(f"grant {grant}" for grant in sorted(operation.grants))]
    return OperationError("forbidden", "forbidden", f"{operation.name} is for {', '.join(allowed)}")


def _checked(response: msgspec.Struct, operation: Operation) -> msgspec.Struct:
    if not isinstance(response, operation.response):
        raise TypeError(f"{operation.name} returned {type(response).__name__}, not {operation.response.__name__}")
    return response
