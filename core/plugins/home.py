# SPDX-License-Identifier: Apache-2.0
"""Where one plugin's hooks run: in tasks of its own, each with a deadline, all counted.

Whoever calls waits for an answer and never for the plugin's task, so a plugin that ignores its cancellation delays
nobody. What happened is told from a bounded inbox, in order and one at a time; when that is full, news are dropped.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import trio

from podium.core.plugins.context import PluginContext
from podium.core.plugins.contracts import Contract, Declaration
from podium.core.plugins.counters import HookCounter
from podium.core.plugins.errors import bulkhead, contain, summary

INBOX = 1024
"""What may wait to be told to one plugin."""
MAX_OVERDUE = 8
"""Calls that went on after their deadline; with so many, further ones count as timed out at once."""

logger = logging.getLogger(__name__)

Implementation = Callable[..., Awaitable[Any]]


class Call(NamedTuple):
    """An implementation with what it asked for."""

    declaration: Declaration
    function: Implementation
    values: Mapping[str, Any]


@dataclass(slots=True)
class Answer:
    """What came of a call; `failure` says in a line why there is no value."""

    value: Any = None
    failure: str | None = None
    error: BaseException | None = None
    timed_out: bool = False
    done: trio.Event = field(default_factory=trio.Event)


class Home:
    """Runs the calls of one plugin while `run` does."""

    def __init__(self, context: PluginContext) -> None:
        self.context = context
        self.name = context.name
        self.counters: dict[str, HookCounter] = {}
        self._inbox: trio.MemorySendChannel[Call]
        self._unread: trio.MemoryReceiveChannel[Call]
        self._inbox, self._unread = trio.open_memory_channel[Call](INBOX)
        self._nursery: trio.Nursery | None = None
        self._overdue = 0
        self._emptied = trio.Event()

    @property
    def waiting(self) -> int:
        """How much of the inbox is in use."""
        return self._inbox.statistics().current_buffer_used

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take calls until canceled."""
        try:
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(self._read_inbox)
                task_status.started()
                await trio.sleep_forever()
        finally:
            self._nursery = None

    async def call(self, call: Call) -> Answer:
        """The answer within the deadline, or why there is none. Raises nothing."""
        counter = self.counter(call.declaration.name)
        counter.calls += 1
        begun = trio.current_time()
        answer = await self._ask(call)
        counter.seconds += trio.current_time() - begun
        if answer.failure is None and not call.declaration.accepts(answer.value):
            answer.failure = f"returned {answer.value!r:.80}, which hook {call.declaration.name} does not take"
        if answer.failure is not None:
            self._count_failure(call, counter, answer)
        return answer

    def post(self, call: Call) -> None:
        """Have the plugin told when it has taken in what came before. Returns at once."""
        try:
            self._inbox.send_nowait(call)
        except (trio.WouldBlock, trio.ClosedResourceError, trio.BrokenResourceError):
            counter = self.counter(call.declaration.name)
            counter.dropped += 1
            if counter.worth_logging(trio.current_time()):
                logger.warning("plugin is too far behind", extra={"plugin": self.name, "hook": call.declaration.name})

    async def finish(self) -> None:
        """Take no more news and wait until those in the inbox have been told."""
        self._inbox.close()
        await self._emptied.wait()

    def counter(self, hook: str) -> HookCounter:
        return self.counters.setdefault(hook, HookCounter())

    async def _read_inbox(self) -> None:
        async for call in self._unread:
            await self.call(call)
        self._emptied.set()

    async def _ask(self, call: Call) -> Answer:
        deadline = call.declaration.deadline
        answer = Answer()
        if self._nursery is None:
            answer.failure = "is not running"
            return answer
        if self._overdue >= MAX_OVERDUE:
            answer.failure, answer.timed_out = f"has {self._overdue} calls that do not end", True
            return answer
        scope = trio.CancelScope()
        self._nursery.start_soon(self._answer, call, scope, answer, name=f"{self.name}: {call.declaration.name}")
        try:
            with trio.move_on_after(deadline):
                await answer.done.wait()
        finally:
            if not answer.done.is_set():
                self._overdue += 1
                scope.cancel()
        if answer.done.is_set():
            return answer
        return Answer(failure=f"did not answer within {deadline:g} s", timed_out=True)

    @bulkhead
    async def _answer(self, call: Call, scope: trio.CancelScope, answer: Answer) -> None:
        answer.failure = "was stopped"
        try:
            with scope:
                try:
                    answer.value = await call.function(**call.values)
                    answer.failure = None
                except BaseException as error:
                    answer.error = contain(error)
                    answer.failure = summary(answer.error)
        finally:
            if scope.cancel_called:
                self._overdue -= 1
            answer.done.set()

    def _count_failure(self, call: Call, counter: HookCounter, answer: Answer) -> None:
        if answer.timed_out:
            counter.timeouts += 1
        else:
            counter.errors += 1
        counter.last_error = answer.failure
        if counter.worth_logging(trio.current_time()):
            details = {"plugin": self.name, "hook": call.declaration.name, "problem": answer.failure}
            refuses = " and so refuses" if call.declaration.contract is Contract.DECIDE else ""
            logger.error("hook failed%s", refuses, extra=details, exc_info=answer.error)
