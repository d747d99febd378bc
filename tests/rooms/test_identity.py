# SPDX-License-Identifier: Apache-2.0
"""Ids, names and roles from outside."""

import pytest

from podium.core.rooms.identity import (
    RoomError,
    checked_display_name,
    checked_identifier,
    checked_role,
    new_participant_id,
)


@pytest.mark.parametrize("value", ["a", "A-b_9", "x" * 64])
def test_a_plain_id_is_taken(value: str) -> None:
    assert checked_identifier(value, "session_id") == value


@pytest.mark.parametrize("value", ["", "x" * 65, "a b", "a/b", "ä", "a\n", "../etc"])
def test_any_other_id_is_refused_by_field(value: str) -> None:
    with pytest.raises(RoomError, match="1 to 64") as caught:
        checked_identifier(value, "session_id")
    assert (caught.value.code, caught.value.field) == ("id_invalid", "session_id")


def test_a_generated_id_is_a_valid_one() -> None:
    assert checked_identifier(new_participant_id(), "participant_id")


@pytest.mark.parametrize("value", ["Ann", "  Ann ", "Øyvind 李", "नमस्ते", "می‌خواهم", "👩\u200d🏫", "x" * 64])
def test_a_name_in_any_script_is_taken_without_surrounding_spaces(value: str) -> None:
    assert checked_display_name(value) == value.strip()


@pytest.mark.parametrize("value", ["", "   ", "x" * 65, "a\x00b", "a\nb", "evil\u202etxt"])
def test_an_empty_long_or_invisible_name_is_refused(value: str) -> None:
    with pytest.raises(RoomError) as caught:
        checked_display_name(value)
    assert (caught.value.code, caught.value.field) == ("name_invalid", "display_name")


def test_a_role_is_one_of_four() -> None:
    assert checked_role("instructor") == "instructor"
    with pytest.raises(RoomError, match="instructor, assistant, student, observer"):
        checked_role("teacher")
