# SPDX-License-Identifier: Apache-2.0
"""How the plugins are, for whoever polls the health of a host.

Plugins are asked when somebody looks, at most once in a while and never twice at the same time, however many look. Who
looks waits for a short time only: what a probe wants to know is whether the host answers, and that must not depend on
a plugin.
"""

import logging
from typing import Protocol, final

import trio

from podium.core.plugins.health import Health
from podium.core.plugins.report import PluginReport
from podium.core.plugins.runner import PluginState

KEPT_FOR = 5.0
"""Seconds for which answers are good."""
WAIT = 0.5
"""Seconds that a look waits for new answers; then the last ones are given."""

_RANK = {"ok": 0, "degraded": 1, "failing": 2}

logger = logging.getLogger(__name__)


class Asked(Protocol):
    """podium.core's Hooks fits."""

    async def health_check(self) -> dict[str, Health]: ...


class HasPlugins(Protocol):
    """podium.core's Plugins fits."""

    @property
    def hooks(self) -> Asked: ...
    def reports(self) -> tuple[PluginReport, ...]: ...


@final
class Checkup:
    """Works while `run` does."""

    def __init__(self, plugins: HasPlugins) -> None:
        self._plugins = plugins
        self._answers: dict[str, Health] = {}
        self._asked_at: float | None = None
        self._wanted = trio.Event()
        self._answered = trio.Event()
        self._logged: dict[str, str] = {}

    async def run(self) -> None:
        """Ask whenever somebody wants to know, until canceled."""
        while True:
            await self._wanted.wait()
            self._answers = await self._plugins.hooks.health_check()
            self._asked_at = trio.current_time()
            self._wanted, answered, self._answered = trio.Event(), self._answered, trio.Event()
            answered.set()
            self._log_changes()

    async def look(self) -> dict[str, Health]:
        """Every enabled plugin with what is known of it: its state, and what it says of itself if that is worse."""
        if self._asked_at is None or trio.current_time() - self._asked_at >= KEPT_FOR:
            answered = self._answered
            self._wanted.set()
            with trio.move_on_after(WAIT):
                await answered.wait()
        return self._known()

    def _known(self) -> dict[str, Health]:
        enabled = [each for each in self._plugins.reports() if each.state is not PluginState.DISABLED]
        return {each.name: _worse(_by_state(each), self._answers.get(each.name, Health())) for each in enabled}

    def _log_changes(self) -> None:
        known = self._known()
        for name, health in known.items():
            if health.status != self._logged.get(name, "ok"):
                level = logging.INFO if health.status == "ok" else logging.WARNING
                details = {"plugin": name, "status": health.status, "detail": health.detail}
                logger.log(level, "health of a plugin changed", extra=details)
        self._logged = {name: health.status for name, health in known.items()}


def _by_state(report: PluginReport) -> Health:
    if report.state is PluginState.RUNNING:
        return Health()
    detail = report.last_error or report.state.value
    return Health(status="failing" if report.state is PluginState.FAILED else "degraded", detail=detail)


def _worse(one: Health, other: Health) -> Health:
    return one if _RANK[one.status] >= _RANK[other.status] and one.status != "ok" else other
