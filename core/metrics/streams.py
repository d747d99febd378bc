# SPDX-License-Identifier: Apache-2.0
"""All streams of a host as a few sums. No Python object is made for a stream: the workers give tables.

The table of a worker has a row for each stream that is open now, so its sums fall when somebody leaves, which a counter
must not. What is exposed therefore adds up what each stream has gained since the last look; what a stream does between
the last look and its end is not seen.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from prometheus_client import Metric

Table = npt.NDArray[np.void]
Sums = npt.NDArray[np.int64]

COUNTED = {
    "packets": ("podium_stream_packets", "Packets of streams."),
    "bytes": ("podium_stream_bytes", "Bytes of streams, RTP headers and padding left out."),
    "lost": ("podium_stream_lost_packets", "Packets that never arrived: here, or at the receiver as it reports."),
    "retransmitted": ("podium_stream_retransmitted_packets", "Lost packets that came or were sent again."),
    "nacks": ("podium_stream_nacks", "Requests for lost packets."),
    "plis": ("podium_stream_key_frame_requests", "Requests for key frames."),
}
"""Field of the tables -> metric and what it says."""
MEANS = {
    "jitter": ("podium_stream_jitter_seconds", "Mean jitter of the streams that flow (RFC 3550)."),
    "round_trip": ("podium_stream_round_trip_seconds", "Mean round trip of the streams that flow, where it is known."),
}
GROUPS = tuple((kind, direction) for kind in ("audio", "video") for direction in ("incoming", "outgoing"))
LABELS = ("kind", "direction")


class TableSource(Protocol):
    """What gives the tables; podium.core's Rooms fits."""

    def streams(self) -> Iterable[tuple[int, Table]]: ...


@final
class StreamTotals:
    """Sums that only grow, by group, out of tables whose rows come and go."""

    def __init__(self) -> None:
        self.totals: Sums = np.zeros((len(COUNTED), len(GROUPS)), dtype=np.int64)
        self._before: dict[int, tuple[npt.NDArray[np.uint32], Sums]] = {}

    def add(self, worker: int, table: Table) -> None:
        """Take in the present table of a worker."""
        table = table[np.argsort(table["id"])]
        ids, present = table["id"], np.stack([table[field].astype(np.int64) for field in COUNTED])
        gained = present.copy()
        if worker in self._before and len(self._before[worker][0]):
            known, before = self._before[worker]
            at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
            same = known[at] == ids
            gained[:, same] -= before[:, at[same]]
        self._before[worker] = (ids, present)
        np.maximum(gained, 0, out=gained)  # a receiver may report fewer losses when late packets arrive
        group = _groups(table)
        for row, gains in zip(self.totals, gained, strict=True):
            row += np.bincount(group, weights=gains, minlength=len(GROUPS)).astype(np.int64)


@final
class StreamCollector:
    """The streams of all workers."""

    def __init__(self, rooms: TableSource) -> None:
        self._rooms = rooms
        self._totals = StreamTotals()

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        tables = list(self._rooms.streams())
        for worker, table in tables:
            self._totals.add(worker, table)
        flowing = [table[table["running"]] for _worker, table in tables]
        count = sum((np.bincount(_groups(table), minlength=len(GROUPS)) for table in flowing), np.zeros(len(GROUPS)))
        yield _family(GaugeMetricFamily("podium_streams", "Streams that flow now.", labels=LABELS), count)
        for (name, text), sums in zip(COUNTED.values(), self._totals.totals, strict=True):
            yield _family(CounterMetricFamily(name, text, labels=LABELS), sums)
        for field, (name, text) in MEANS.items():
            yield _family(GaugeMetricFamily(name, text, labels=LABELS), _means(flowing, field))


def _family(family: "Metric", values: Iterable[float]) -> "Metric":
    for labels, value in zip(GROUPS, values, strict=True):
        family.add_metric(labels, float(value))  # type: ignore[attr-defined]  # all families but the base class
    return family


def _means(tables: list[Table], field: str) -> npt.NDArray[np.float64]:
    """By group, over the rows in which it is known; 0 where it is in none."""
    sums, counts = np.zeros(len(GROUPS)), np.zeros(len(GROUPS))
    for table in tables:
        known = table[table[field] > 0]
        group = _groups(known)
        sums += np.bincount(group, weights=known[field], minlength=len(GROUPS))
        counts += np.bincount(group, minlength=len(GROUPS))
    return np.divide(sums, counts, out=np.zeros(len(GROUPS)), where=counts > 0)


def _groups(table: Table) -> npt.NDArray[np.intp]:
    """Of each row, the place in GROUPS: kinds and directions are numbered 0 and 1."""
    groups: npt.NDArray[np.intp] = 2 * table["kind"].astype(np.intp) + table["direction"]
    return groups
