# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with plugins, and how far a fault in one of them may reach: no further than that plugin."""

import logging
from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar

import trio

from podium.core.errors import PodiumError

logger = logging.getLogger(__name__)


class PluginError(PodiumError):
    """A plugin is declared wrongly, cannot be used, or what was asked of the manager cannot be done."""


class PluginStalled(BaseException):
    """A plugin held up the thread that everything runs on, and was interrupted there by the watchdog.

    Not an Exception: `except Exception` in the loop of a plugin must not keep it. `contain` takes it as a fault.
    """


BULKHEADS: set[CodeType] = set()
"""Code of the functions marked by `bulkhead`; the watchdog interrupts a plugin only inside of one."""

Function = TypeVar("Function", bound=Callable[..., Any])


def bulkhead(function: Function) -> Function:
    """Mark a function that calls a plugin: it, or whoever calls it, contains whatever the plugin raises."""
    BULKHEADS.add(function.__code__)
    return function


def contain(error: BaseException) -> BaseException:
    """The plugin's own fault in what was caught around it; raises again whatever is not the plugin's to raise.

    Cancellation and KeyboardInterrupt go on, also out of groups. `sys.exit()` is a fault: it does not end the host.
    """
    if isinstance(error, BaseExceptionGroup):
        passing, fault = error.split((trio.Cancelled, KeyboardInterrupt))
        if passing is not None:
            if fault is not None:
                logger.warning("a plugin failed while being canceled", exc_info=fault)
            raise passing
        return error
    if isinstance(error, Exception | SystemExit | PluginStalled):
        return error
    raise error


def summary(error: BaseException) -> str:
    """One line on an error: `ValueError: no such thing`; that of the first inside of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, PluginStalled):
        return str(error)
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
