# SPDX-License-Identifier: Apache-2.0
"""What goes into an entry: rising ids, well-known fields, no secrets, and nothing that a database refuses."""

import itertools
import json
import math
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core import Event
from podium.plugins.events.entries import HIDDEN, MOST_DETAILS, Stamps, bounded, taken_from, text, time_of

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=10,
)


class Banned(Event, frozen=True, kw_only=True):
    session_id: str
    actor_id: str
    participant_id: str
    reason: str
    result: str = "ok"
    seconds: int = 0


class Odd(Event, frozen=True, kw_only=True):
    session_id: int
    result: str
    thing: Any


def test_ids_and_times_rise_even_when_the_clock_is_set_back() -> None:
    clock = iter([1_000_000, 1_000_000, 500_000, 2_000_000])
    stamps = Stamps(clock.__next__)
    made = [stamps.next() for _ in range(4)]
    assert made == sorted(made)
    assert len({entry_id for entry_id, _ in made}) == 4
    assert [at - made[0][1] for _, at in made] == [timedelta(microseconds=each) for each in (0, 1, 2, 1_000_000)]


def test_an_id_tells_its_time() -> None:
    entry_id, at = Stamps().next()
    assert time_of(entry_id) == at
    assert time_of("f" * 24) > at


def test_two_hosts_make_different_ids_in_one_microsecond() -> None:
    stamps = [Stamps(lambda: 7) for _ in range(2)]
    assert len({each.next()[0] for each in stamps}) == 2


def test_who_did_what_to_whom_is_taken_from_well_known_fields() -> None:
    banned = Banned(session_id="math", actor_id="ann", participant_id="bob", reason="noise", result="refused")
    taken = taken_from(banned)
    assert (taken.session_id, taken.actor_id, taken.subject_id, taken.result) == ("math", "ann", "bob", "refused")
    assert taken.details == {"reason": "noise", "seconds": 0}


def test_fields_of_another_shape_stay_details() -> None:
    taken = taken_from(Odd(session_id=7, result="maybe", thing={1: object()}))
    assert (taken.session_id, taken.result) == (None, "ok")
    assert taken.details == {"session_id": 7, "result": "maybe", "thing": {"1": "object"}}


@pytest.mark.parametrize(
    ("details", "kept"),
    [
        ({"token": "abc"}, {"token": HIDDEN}),
        ({"join": {"api_key": "abc", "name": "Ann"}}, {"join": {"api_key": HIDDEN, "name": "Ann"}}),
        ({"Authorization": ["Basic", "abc"]}, {"Authorization": HIDDEN}),
        ({"link": "https://x.org/room/m?token=abc&name=A"}, {"link": f"https://x.org/room/m?token={HIDDEN}&name=A"}),
        ({"said": "use Bearer abc now"}, {"said": f"use Bearer {HIDDEN} now"}),
        ({"said": "eyJhbGciOiJI.eyJzdWIi.c2ln is mine"}, {"said": f"{HIDDEN} is mine"}),
        ({"url": "smtp://ann:pass@mail.org"}, {"url": f"smtp://{HIDDEN}@mail.org"}),
        ({"reason": "he sang", "monkey": "Bo"}, {"reason": "he sang", "monkey": "Bo"}),
    ],
)
def test_secrets_are_hidden_and_the_rest_is_kept(details: dict[str, Any], kept: dict[str, Any]) -> None:
    assert bounded(details) == kept


def test_details_too_large_are_cut_and_say_so() -> None:
    details = {f"field{number}": "x" * 400 for number in range(40)}
    kept = bounded(details)
    assert kept.pop("truncated") is True
    assert 5 < len(kept) < 11
    assert list(kept) == list(details)[: len(kept)]


def test_what_is_nested_deeply_or_into_itself_ends() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    assert bounded(endless) == {"again": {"again": {"again": {"again": "..."}}}}


@pytest.mark.parametrize(
    ("value", "kept"),
    [("a\0b", "ab"), ("a\ud800b", "a?b"), (math.nan, "nan"), (-math.inf, "-inf"), (2**70, str(2**70)), (True, True)],
)
def test_what_databases_refuse_is_made_harmless(value: Any, kept: Any) -> None:
    assert bounded({"value": value}) == {"value": kept}


@settings(max_examples=50)
@given(st.dictionaries(st.text(), anything, max_size=8))
def test_details_always_fit_and_can_always_be_written(details: dict[str, Any]) -> None:
    kept = bounded(details)
    written = json.dumps(kept, allow_nan=False)
    assert "\\u0000" not in written
    assert len(msgspec.json.encode(kept)) <= MOST_DETAILS + 50


@given(st.text(alphabet=st.characters(), max_size=100))
def test_text_of_a_column_fits_it(value: str) -> None:
    kept = text(value, 10)
    assert kept is not None
    assert len(kept) <= 10
    assert "\0" not in kept
    kept.encode()


def test_nothing_stays_nothing() -> None:
    assert text(None, 10) is None
    assert list(itertools.islice(bounded({}), 1)) == []
