# SPDX-License-Identifier: Apache-2.0
"""Sums over streams that come and go: they never fall, and nothing is counted twice."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core._fastpath import AUDIO, STATISTICS_DTYPE, VIDEO, Worker
from podium.core.metrics.streams import COUNTED, GROUPS, StreamCollector, StreamTotals, Table

PACKETS = list(COUNTED).index("packets")
INCOMING, OUTGOING = 0, 1


def table(*rows: dict[str, Any]) -> Table:
    made = np.zeros(len(rows), dtype=STATISTICS_DTYPE)
    for place, row in enumerate(rows):
        for field, value in row.items():
            made[place][field] = value
    return made


def row(identifier: int, packets: int, kind: int = VIDEO, direction: int = INCOMING, **others: Any) -> dict[str, Any]:
    return {"id": identifier, "packets": packets, "kind": kind, "direction": direction, **others}


def packets(totals: StreamTotals) -> dict[tuple[str, str], int]:
    return dict(zip(GROUPS, totals.totals[PACKETS].tolist(), strict=True))


def test_streams_are_summed_by_kind_and_direction() -> None:
    totals = StreamTotals()
    totals.add(
        1, table(row(1, 5), row(2, 7), row(3, 11, AUDIO), row(4, 13, AUDIO, OUTGOING), row(5, 17, VIDEO, OUTGOING))
    )
    assert packets(totals) == {
        ("video", "incoming"): 12,
        ("audio", "incoming"): 11,
        ("audio", "outgoing"): 13,
        ("video", "outgoing"): 17,
    }


def test_a_stream_that_ends_takes_nothing_away_and_a_new_one_adds_all_of_its_own() -> None:
    totals = StreamTotals()
    totals.add(1, table(row(1, 100), row(2, 50)))
    totals.add(1, table(row(3, 4), row(2, 60)))
    assert packets(totals)["video", "incoming"] == 100 + 60 + 4
    totals.add(1, table())
    totals.add(1, table(row(4, 1)))
    assert packets(totals)["video", "incoming"] == 165


def test_streams_of_two_workers_are_not_confused() -> None:
    totals = StreamTotals()
    totals.add(1, table(row(1, 10)))
    totals.add(2, table(row(1, 20)))
    totals.add(1, table(row(1, 11)))
    assert packets(totals)["video", "incoming"] == 31


def test_losses_that_are_taken_back_do_not_count_down() -> None:
    totals = StreamTotals()
    totals.add(1, table(row(1, 0, lost=5)))
    totals.add(1, table(row(1, 0, lost=3)))
    assert totals.totals[list(COUNTED).index("lost")].sum() == 5


@given(st.lists(st.dictionaries(st.integers(1, 8), st.integers(0, 100), max_size=6), max_size=8))
def test_it_counts_what_adding_up_by_hand_counts(looks: list[dict[int, int]]) -> None:
    totals, expected, before = StreamTotals(), 0, dict[int, int]()
    for look in looks:
        totals.add(1, table(*(row(identifier, count) for identifier, count in look.items())))
        expected += sum(max(0, count - before.get(identifier, 0)) for identifier, count in look.items())
        before = look
    assert packets(totals)["video", "incoming"] == expected


def test_means_leave_out_what_is_not_known_and_what_does_not_flow() -> None:
    rows = [row(1, 0, jitter=0.02, running=True), row(2, 0, jitter=0.04, running=True)]
    rows += [row(3, 0, running=True), row(4, 0, jitter=9.0)]

    class Rooms:
        def streams(self) -> list[tuple[int, Table]]:
            return [(1, table(*rows))]

    families = {family.name: family for family in StreamCollector(Rooms()).collect()}
    values = {
        (s.labels["kind"], s.labels["direction"]): s.value for s in families["podium_stream_jitter_seconds"].samples
    }
    assert values["video", "incoming"] == pytest.approx(0.03)
    assert values["audio", "outgoing"] == 0
    flowing = [sample.value for sample in families["podium_streams"].samples if sample.labels["kind"] == "video"]
    assert flowing == [3, 0]


def test_a_real_worker_without_streams_gives_zeros() -> None:
    worker = Worker("127.0.0.1", 0)

    class Rooms:
        def streams(self) -> list[tuple[int, Table]]:
            return [(worker.port, worker.statistics())]

    for family in StreamCollector(Rooms()).collect():
        assert [sample.value for sample in family.samples] == [0.0] * len(GROUPS)
    worker.close()
