# SPDX-License-Identifier: Apache-2.0
"""The page that Prometheus reads: the core's metrics and those of the plugins that run.

There is one for each host, and no global registry: two hosts in one process do not meet. Nothing that a plugin does can
spoil the page: each of its metrics is written by itself, and left out when that fails.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, final

from podium.core.metrics.names import Names, names_of
from podium.core.metrics.plugins import PluginMetrics
from podium.core.plugins.errors import bulkhead, contain, summary

if TYPE_CHECKING:
    from prometheus_client import Metric

LOG_EVERY = 60.0
"""Seconds between two log entries on metrics of one plugin that cannot be read."""
END = b"# EOF\n"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"

logger = logging.getLogger(__name__)


class Collector(Protocol):
    """Gives the same families at every time, if need be without samples."""

    def collect(self) -> "Iterable[Metric]": ...


Encoder = Callable[[Collector], bytes]


@final
class Metrics:
    """Add the core's collectors before plugins start, so that no plugin takes their names."""

    def __init__(self) -> None:
        self._names = Names()
        self._core: list[Collector] = []
        self._shown: dict[str, PluginMetrics] = {}
        self._logged: dict[str, float] = {}

    def add(self, collector: Collector) -> None:
        """Put a collector of the core's on the page. Raises PluginError `metric_exists`."""
        for family in collector.collect():
            self._names.claim(names_of(family.name, family.type), collector, "Podium itself")
        self._core.append(collector)

    def of_plugin(self, plugin: str) -> PluginMetrics:
        """For the context of a plugin; `show` puts them on the page."""
        return PluginMetrics(plugin, self._names)

    def show(self, metrics: PluginMetrics) -> None:
        """The plugin runs."""
        self._shown[metrics.plugin] = metrics

    def withdraw(self, plugin: str) -> None:
        """The plugin runs no more."""
        self._shown.pop(plugin, None)

    def errors(self) -> dict[str, int]:
        """By plugin that runs: how often one of its metrics had to be left out."""
        return {name: metrics.errors for name, metrics in self._shown.items()}

    def page(self, accept: str = "") -> tuple[bytes, str]:
        """The page and its content type, in the text format or, where `accept` asks for it, as OpenMetrics."""
        encode, content_type = _encoder(accept)
        plugins = [part for metrics in tuple(self._shown.values()) for part in self._parts(metrics, encode)]
        parts = [encode(_Several(self._core)), *plugins]  # encoded last, to count what failed in this very page
        text = b"".join(part.removesuffix(END) for part in parts)
        return (text + END if parts[0].endswith(END) else text), content_type

    def _parts(self, metrics: PluginMetrics, encode: Encoder) -> Iterator[bytes]:
        for metric in metrics.collectors():
            try:
                yield _encoded(metric, encode)
            except BaseException as error:
                fault = contain(error)
                metrics.errors += 1
                self._log(metrics.plugin, fault)

    def _log(self, plugin: str, fault: BaseException) -> None:
        now = time.monotonic()
        if now - self._logged.get(plugin, -LOG_EVERY) >= LOG_EVERY:
            self._logged[plugin] = now
            details = {"plugin": plugin, "problem": summary(fault)}
            logger.error("metric cannot be read and is left out", extra=details, exc_info=fault)


class _Several:
    """Collectors as one."""

    def __init__(self, collectors: Iterable[Collector]) -> None:
        self._collectors = collectors

    def collect(self) -> "Iterator[Metric]":
        for each in self._collectors:
            yield from each.collect()


@bulkhead
def _encoded(metric: Collector, encode: Encoder) -> bytes:
    """One metric of a plugin's, whose callbacks are called here."""
    return encode(metric)


def _encoder(accept: str) -> tuple[Encoder, str]:
    """What comes from outside chooses between two formats, and nothing of it is passed on."""
    from prometheus_client.exposition import choose_encoder

    return choose_encoder(OPEN_METRICS if OPEN_METRICS.partition(";")[0] in accept.lower() else "")
