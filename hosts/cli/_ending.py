# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM as a cancellation, so that what a command has begun is put in order.

A second signal finds the usual effect restored: it ends a command that does not let itself be canceled.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import trio

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ending:
    """The exit status: of a command that a signal has canceled what shells make of it, else what the block says."""

    status: int = 0


@contextmanager
def canceled_by_signals() -> Iterator[Ending]:
    """Cancel the block on the first signal. For the main thread, inside of trio."""
    ending = Ending()
    token = trio.lowlevel.current_trio_token()
    former = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in former.items():
            signal.signal(number, handler)

    with trio.CancelScope() as scope:

        def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # as signal.signal wants it
            restore()
            ending.status = 128 + number
            token.run_sync_soon(scope.cancel)

        for number in SIGNALS:
            signal.signal(number, end)
        try:
            yield ending
        finally:
            restore()
