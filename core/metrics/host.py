# SPDX-License-Identifier: Apache-2.0
"""Collectors for everything that the host counts: rooms, workers, plugins, hooks and operations.

Each reads statistics that are kept anyway, when the page is asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from podium.core.operations.dispatcher import OperationStatistics
from podium.core.plugins.report import PluginReport
from podium.core.plugins.runner import PluginState
from podium.core.plugins.watchdog import WatchdogStatistics
from podium.core.rooms.rooms import RoomsStatistics

RECEIVED = ("stun", "dtls", "rtp", "rtcp")
DROPPED = "dropped_"
WORKER_COUNTERS = {
    "datagrams": ("podium_worker_datagrams", "UDP datagrams received."),
    "batches": ("podium_worker_batches", "Batches in which datagrams were received."),
    "sent_packets": ("podium_worker_sent_packets", "Packets sent."),
    "sent_bytes": ("podium_worker_sent_bytes", "Bytes sent in UDP datagrams."),
    "send_calls": ("podium_worker_send_calls", "System calls that sent them."),
}
HOOK_COUNTERS = {
    "calls": ("podium_hook_calls", "Calls of hooks of plugins."),
    "errors": ("podium_hook_errors", "Calls that raised or returned what the hook does not take."),
    "timeouts": ("podium_hook_timeouts", "Calls that were not answered within the deadline."),
    "refusals": ("podium_hook_refusals", "Answers that refused."),
    "dropped": ("podium_hook_dropped", "News not told, because the plugin was too far behind."),
    "seconds": ("podium_hook_seconds", "Seconds from call to answer, waiting included."),
}
RESULTS = {"succeeded": "ok", "refused": "refused", "failed": "failed", "errors": "error", "timeouts": "timeout"}


class HasRooms(Protocol):
    """podium.core's Rooms fits."""

    def statistics(self) -> RoomsStatistics: ...


@final
class HostCollector:
    """Rooms, people, connections and media workers."""

    def __init__(self, rooms: HasRooms, connections: Callable[[], tuple[int, int]], version: str) -> None:
        self._rooms = rooms
        self._connections = connections
        self._version = version

    def collect(self) -> Iterator[Metric]:
        statistics = self._rooms.statistics()
        still_open, refused = self._connections()
        yield InfoMetricFamily("podium_build", "What runs here.", value={"version": self._version})
        yield GaugeMetricFamily("podium_rooms", "Rooms that are open.", value=statistics.rooms)
        yield GaugeMetricFamily("podium_participants", "People in rooms.", value=statistics.participants)
        yield GaugeMetricFamily("podium_signaling_connections", "Signaling sockets that are open.", value=still_open)
        yield CounterMetricFamily(
            "podium_signaling_refused", "Signaling sockets turned away because there were too many.", value=refused
        )
        yield from self._workers(statistics)

    def _workers(self, statistics: RoomsStatistics) -> Iterator[Metric]:
        label = ("worker",)
        rooms = GaugeMetricFamily("podium_worker_rooms", "Rooms on a worker, which is known by its port.", labels=label)
        connections = GaugeMetricFamily("podium_worker_connections", "Media connections on a worker.", labels=label)
        received = CounterMetricFamily(
            "podium_worker_received_packets", "Packets received, by protocol.", labels=("worker", "protocol")
        )
        dropped = CounterMetricFamily(
            "podium_worker_dropped_packets", "Packets dropped, by reason.", labels=("worker", "reason")
        )
        plain = {key: CounterMetricFamily(*texts, labels=label) for key, texts in WORKER_COUNTERS.items()}
        for worker in statistics.workers:
            port = str(worker.port)
            rooms.add_metric((port,), worker.rooms)
            connections.add_metric((port,), worker.connections)
            for key, value in worker.counters.items():
                if key.startswith(DROPPED):
                    dropped.add_metric((port, key.removeprefix(DROPPED)), value)
                elif key in RECEIVED:
                    received.add_metric((port, key), value)
                elif key in plain:
                    plain[key].add_metric((port,), value)
        yield from (rooms, connections, received, dropped, *plain.values())


class HasPlugins(Protocol):
    """podium.core's Plugins fits."""

    def reports(self) -> tuple[PluginReport, ...]: ...


@final
class PluginCollector:
    """Plugins and their hooks. A plugin that has failed is still told of, until it is disabled."""

    def __init__(self, plugins: HasPlugins, unread: Callable[[], Mapping[str, int]]) -> None:
        self._plugins = plugins
        self._unread = unread

    def collect(self) -> Iterator[Metric]:
        reports = self._plugins.reports()
        label = ("plugin",)
        state = GaugeMetricFamily("podium_plugin_state", "1 for the state of a plugin.", labels=("plugin", "state"))
        waiting = GaugeMetricFamily("podium_plugin_waiting", "News that a plugin has not been told yet.", labels=label)
        crashes = CounterMetricFamily("podium_plugin_crashes", "Crashes of a plugin's tasks.", labels=label)
        stalls = CounterMetricFamily("podium_plugin_stalls", "Times that a plugin held up the host.", labels=label)
        unread = CounterMetricFamily(
            "podium_plugin_metrics_errors", "Metrics of a plugin that could not be read.", labels=label
        )
        for each in reports:
            for one in PluginState:
                state.add_metric((each.name, one.value), 1 if each.state is one else 0)
            waiting.add_metric((each.name,), each.waiting)
            crashes.add_metric((each.name,), each.crashes)
            stalls.add_metric((each.name,), each.stalls)
        for name, errors in self._unread().items():
            unread.add_metric((name,), errors)
        yield from (state, waiting, crashes, stalls, unread)
        yield from _hooks(reports)


def _hooks(reports: tuple[PluginReport, ...]) -> Iterator[Metric]:
    for key, texts in HOOK_COUNTERS.items():
        family = CounterMetricFamily(*texts, labels=("plugin", "hook"))
        for each in reports:
            for hook in each.hooks:
                family.add_metric((each.name, hook.name), getattr(hook.statistics, key))
        yield family


class HasOperations(Protocol):
    """podium.core's Dispatcher fits."""

    def statistics(self) -> dict[str, OperationStatistics]: ...


@final
class OperationCollector:
    """Operations, whoever offers them."""

    def __init__(self, dispatcher: HasOperations) -> None:
        self._dispatcher = dispatcher

    def collect(self) -> Iterator[Metric]:
        label = ("operation",)
        calls = CounterMetricFamily(
            "podium_operation_calls", "Calls of operations that have ended.", labels=("operation", "result")
        )
        seconds = CounterMetricFamily("podium_operation_seconds", "Seconds in operations.", labels=label)
        running = GaugeMetricFamily("podium_operations_running", "Calls that are running.", labels=label)
        for name, statistics in self._dispatcher.statistics().items():
            for key, result in RESULTS.items():
                calls.add_metric((name, result), getattr(statistics, key))
            seconds.add_metric((name,), statistics.seconds)
            running.add_metric((name,), statistics.running)
        yield from (calls, seconds, running)


@final
class WatchdogCollector:
    """Whether the host keeps up."""

    def __init__(self, statistics: Callable[[], WatchdogStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterator[Metric]:
        statistics = self._statistics()
        stalls = CounterMetricFamily(
            "podium_host_stalls", "Times that everything but the media stood still.", labels=("cause",)
        )
        stalls.add_metric(("plugin",), statistics.stalls)
        stalls.add_metric(("unknown",), statistics.unexplained)
        yield stalls
        yield CounterMetricFamily(
            "podium_plugin_interruptions", "Plugins interrupted by the watchdog.", value=statistics.interruptions
        )
