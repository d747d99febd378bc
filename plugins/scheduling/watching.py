# SPDX-License-Identifier: Apache-2.0
"""Those who wait for a session to change: woken by whoever changes it, forgotten when they go."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import trio

from podium.core import OperationError

AT_ONCE = 4
"""Tabs in which one person can wait for one session."""


@final
class Watchers:
    """By session id."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[trio.Event]] = defaultdict(set)
        self._people: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def changed(self, session_id: str) -> None:
        """Wake all that wait for this session."""
        for event in self._waiting.get(session_id, ()):
            event.set()

    @contextmanager
    def waiting(self, session_id: str, who: str) -> Iterator[trio.Event]:
        """An event that is set by any change from now on. Raises OperationError for somebody who waits too often."""
        if self._people[session_id, who] >= AT_ONCE:
            message = f"you watch this session {AT_ONCE} times already; wait for an answer"
            raise OperationError("exhausted", "too_many_watches", message)
        event = trio.Event()
        self._people[session_id, who] += 1
        self._waiting[session_id].add(event)
        try:
            yield event
        finally:
            self._waiting[session_id].discard(event)
            if not self._waiting[session_id]:
                del self._waiting[session_id]
            self._people[session_id, who] -= 1
            if not self._people[session_id, who]:
                del self._people[session_id, who]
