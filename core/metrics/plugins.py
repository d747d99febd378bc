# SPDX-License-Identifier: Apache-2.0
"""The metrics of one plugin, as `context.metrics`: prometheus_client's own objects, which any thread may change.

They belong to the plugin for as long as it runs, so nothing of a disabled plugin stays on the page, and a plugin that
is enabled again begins at zero.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, final

from podium.core.metrics.names import Names, names_of
from podium.core.plugins.errors import PluginError

if TYPE_CHECKING:  # importing it takes a tenth of a second, which a plugin without metrics can do without
    from prometheus_client import Counter, Gauge, Histogram
    from prometheus_client.metrics import MetricWrapperBase

    M = TypeVar("M", bound=MetricWrapperBase)


_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
"""Stricter than Prometheus has become, so that every query can name it without quotes."""


@final
class PluginMetrics:
    """Made by `Metrics.of_plugin`. Asked for the same metric again, it gives the same object.

    All three raise PluginError: `metric_exists` when the core, another plugin or another kind of metric has the name,
    `metric_invalid` when Prometheus could not read it. Choose names that begin with the name of the plugin.
    """

    def __init__(self, plugin: str, names: Names) -> None:
        self.plugin = plugin
        self.errors = 0
        """How often one could not be read, because a callback of the plugin failed."""
        self._names = names
        self._made: dict[str, tuple[MetricWrapperBase, Any]] = {}
        self._closed = False

    def counter(self, name: str, documentation: str, labels: Sequence[str] = ()) -> "Counter":
        """Something that only grows; `_total` is appended to its name."""
        from prometheus_client import Counter

        return self._get(Counter, name.removesuffix("_total"), documentation, labels)

    def gauge(self, name: str, documentation: str, labels: Sequence[str] = ()) -> "Gauge":
        """Something that goes up and down. A callback (`set_function`) is called by the host: it has to be quick."""
        from prometheus_client import Gauge

        return self._get(Gauge, name, documentation, labels)

    def histogram(
        self, name: str, documentation: str, labels: Sequence[str] = (), *, buckets: Iterable[float] | None = None
    ) -> "Histogram":
        """How something is spread; without `buckets` those of prometheus_client, from 5 ms to 10 s."""
        from prometheus_client import Histogram

        bounds = Histogram.DEFAULT_BUCKETS if buckets is None else tuple(buckets)
        return self._get(Histogram, name, documentation, labels, buckets=bounds)

    def collectors(self) -> "Collection[MetricWrapperBase]":
        """All that there are, for the page."""
        return [metric for metric, _terms in self._made.values()]

    def close(self) -> None:
        """The plugin has ended: its names are free."""
        self._closed = True
        self._made.clear()
        self._names.release(self)

    def _get(
        self, kind: "Callable[..., M]", name: str, documentation: str, labels: Sequence[str], **options: Any
    ) -> "M":
        if self._closed:
            raise PluginError("plugin_stopped", f"plugin {self.plugin!r} is not running")
        terms = (kind, tuple(labels), options)
        if name in self._made:
            made: Any
            made, before = self._made[name]
            if before != terms:
                raise PluginError(
                    "metric_exists", f"plugin {self.plugin!r} has metric {name!r} with other labels or of another kind"
                )
            return made  # type: ignore[no-any-return]  # it was made by the same `kind`
        for word in (name, *labels):
            if not _NAME.fullmatch(word):
                raise PluginError(
                    "metric_invalid",
                    f"plugin {self.plugin!r}: {word!r} is no name of a metric or label: letters, digits and _",
                    "name",
                )
        try:
            metric = kind(name, documentation, tuple(labels), registry=None, **options)
        except (ValueError, TypeError) as error:
            raise PluginError("metric_invalid", f"plugin {self.plugin!r}, metric {name!r}: {error}", "name") from error
        self._names.claim(names_of(name, str(metric._type)), self, f"plugin {self.plugin!r}")
        self._made[name] = (metric, terms)
        return metric
