# SPDX-License-Identifier: Apache-2.0
"""In, to the waiting room, or away: the door without a room."""

from datetime import UTC, datetime
from itertools import product

import pytest

from podium.core import ROLES
from podium.plugins.moderation.door import Refusal, excluded, way
from podium.plugins.moderation.people import Ban, Person
from podium.plugins.moderation.rules import LEADING

NOW = datetime(2027, 1, 11, 8, tzinfo=UTC)
BAN = Ban(participant_id="ann", display_name="Ann", reason="again")


def ann(**marks: object) -> Person:
    return Person(participant_id="ann", display_name="Ann", role="student", **marks)  # type: ignore[arg-type]  # any marks


def code(person: Person | None, role: str = "student", ban: Ban | None = None, **door: bool) -> str:
    where = way(person, ban, role, locked=door.get("locked", False), waiting_room=door.get("waiting_room", False))
    return where.code if isinstance(where, Refusal) else where


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("locked", "waiting_room"), [*product((False, True), repeat=2)])
def test_for_a_newcomer(role: str, locked: bool, waiting_room: bool) -> None:
    expected = "in" if role in LEADING else "room_locked" if locked else "wait" if waiting_room else "in"
    assert code(None, role, locked=locked, waiting_room=waiting_room) == expected


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("mark", ["entered", "admitted"])
def test_who_was_let_in_before_comes_back_through_any_door(role: str, mark: str) -> None:
    assert code(ann(**{mark: True}), role, locked=True, waiting_room=True) == "in"


@pytest.mark.parametrize("role", ROLES)
def test_nobody_who_was_removed_comes_back(role: str) -> None:
    assert code(ann(kicked=True, entered=True), role) == "kicked"
    assert code(ann(entered=True), role, BAN) == "banned"
    assert code(None, role, BAN) == "banned"


def test_who_was_refused_stays_so_even_with_the_door_open() -> None:
    assert code(ann(refused=True)) == "refused"
    assert code(ann(refused=True, entered=True), locked=True) == "refused"


def test_who_waits_goes_on_waiting_when_the_room_is_locked() -> None:
    assert code(ann(waiting_since=NOW), locked=True, waiting_room=True) == "wait"


def test_a_reason_is_told() -> None:
    assert excluded(ann(), None) is None
    assert excluded(ann(kicked=True, reason="noise"), None) == Refusal(
        "kicked", "you were removed from this class and cannot come back: noise"
    )
    refusal = excluded(None, BAN)
    assert refusal is not None
    assert refusal.message.endswith("banned from this class: again")
