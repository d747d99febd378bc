# SPDX-License-Identifier: Apache-2.0
"""Scheduled classes as plugins see them: the one that keeps them tells of changes, all others may ask.

The core keeps no sessions and remembers no answer: what is asked twice is looked up twice.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import final

from podium.core.plugins.errors import PluginError
from podium.core.sessions import SessionChange, SessionView

Tell = Callable[[SessionView, SessionChange], None]
Ask = Callable[[str], Awaitable[SessionView | None]]

_asking: ContextVar[bool] = ContextVar("asking", default=False)
"""Whether this task answers `session_wanted`; tasks inherit it from those that start them."""


@final
class SessionsAccess:
    """How the plugin that keeps sessions tells all others of a change, and how these ask it."""

    def __init__(self, tell: Tell, ask: Ask) -> None:
        self._tell = tell
        self._ask = ask

    async def get(self, session_id: str) -> SessionView | None:
        """The session of this id, or of a class of it: `view.occurrence` is the class, and `view.state` its state.

        By the id of a series it is about the class that is on or comes next, else the last. None when no plugin knows
        the id, as for a room without a session. Raises PluginError `session_unanswered` when that could not be found
        out within two seconds, `session_recursion` inside of the hook that this asks, `session_wanted`.
        """
        if _asking.get():
            raise PluginError("session_recursion", "session_wanted cannot be answered by asking it", "session_id")
        token = _asking.set(True)
        try:
            return await self._ask(session_id)
        finally:
            _asking.reset(token)

    def changed(self, session: SessionView, change: SessionChange) -> None:
        """Tell every plugin, the caller included, by the hook `session_changed`. Returns at once.

        Say it after the change has been committed: who hears of it may read it at once.
        """
        self._tell(session, change)
