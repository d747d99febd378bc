# SPDX-License-Identifier: Apache-2.0
"""A child process that tells one JSON object a line, stops when its standard input is closed, and never stays behind.

It is ended in order when the work is cancelled: its input is closed, it has GRACE seconds, then it is killed. When a
lease was lost it is killed at once. In any case it is waited for.
"""

import signal
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog
import trio

from podium.plugins.recording.work.workshop import Holding

GRACE = 1.0
_LONGEST_LINE = 1 << 20
_LAST_WORDS = 5
_FINISH = b'{"command":"finish"}\n'

Event = dict[str, Any]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a child came to its end. `last`: what it told last."""

    status: int
    last: Event
    said: str
    """The last lines on its standard error."""

    @property
    def was_killed(self) -> bool:
        """Rather than having failed by itself."""
        return -self.status in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


async def run_child(
    command: Sequence[str],
    heard: Callable[[Event], object],
    finish: trio.Event,
    holding: Holding,
    log: structlog.stdlib.BoundLogger,
) -> Ended:
    """Until it ends by itself. `heard` gets each event; that `finish` is set is passed on to the child."""
    process = await trio.lowlevel.open_process(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,  # an interrupt on a terminal is for the parent, which ends the child in order
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    words = deque[str](maxlen=_LAST_WORDS)
    quiet, last = trio.Event(), Event()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_listen, process.stderr, words, quiet, log)
            nursery.start_soon(_pass_on, finish, process.stdin)
            async for line in _lines(process.stdout):
                if (event := _event(line)) is not None:
                    last = event
                    heard(event)
            await process.wait()
            with trio.move_on_after(GRACE):
                await quiet.wait()
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await _end(process, 0.0 if holding.is_lost else GRACE)
    assert process.returncode is not None
    return Ended(status=process.returncode, last=last, said="\n".join(words))


async def _end(process: trio.Process, grace: float) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            await trio.aclose_forcefully(stream)
    with trio.move_on_after(grace):
        await process.wait()
    if process.poll() is None:
        process.kill()
    await process.wait()


async def _pass_on(finish: trio.Event, stream: trio.abc.SendStream) -> None:
    await finish.wait()
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # it has ended
        await stream.send_all(_FINISH)


async def _listen(
    stream: trio.abc.ReceiveStream, words: deque[str], quiet: trio.Event, log: structlog.stdlib.BoundLogger
) -> None:
    """What a child says on its standard error is for the log."""
    async for line in _lines(stream):
        if text := line.decode(errors="replace").strip(" ^~\t\r"):  # without the marks below lines of tracebacks
            words.append(text[:500])
            log.warning("a child process says", text=text[:500])
    quiet.set()


async def _lines(stream: trio.abc.ReceiveStream) -> AsyncIterator[bytes]:
    """Those that are complete; what is too long is no line."""
    buffer = b""
    while data := await stream.receive_some(65536):
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            yield line
        if len(buffer) > _LONGEST_LINE:
            buffer = b""
    if buffer:
        yield buffer


def _event(line: bytes) -> Event | None:
    try:
        event = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    return event if isinstance(event.get("event"), str) else None
