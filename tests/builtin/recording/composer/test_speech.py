# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is, and since when."""

from podium.plugins.recording.composer.speech import Loudness, Turn, Turns


def certain(*turns: tuple[float, str | None], until: float = 100.0) -> list[Turn]:
    state = Turns(1.5)
    found = [state.push(Turn(*turn)) for turn in turns]
    return [turn for turn in [*found, state.settle(until)] if turn is not None]


def test_the_first_is_shown_at_once() -> None:
    assert certain((1.0, "ann"), until=1.0) == [(1.0, "ann")]


def test_somebody_else_counts_from_their_first_word_on_when_they_go_on() -> None:
    assert certain((0.0, "ann"), (5.0, "bob"), (7.0, None)) == [(0.0, "ann"), (5.0, "bob")]


def test_who_says_only_yes_is_passed_over() -> None:
    assert certain((0.0, "ann"), (5.0, "bob"), (6.0, "ann")) == [(0.0, "ann")]
    assert certain((0.0, "ann"), (5.0, "bob"), (6.0, None)) == [(0.0, "ann")]
    assert certain((0.0, "ann"), (5.0, "bob"), (6.0, "cid")) == [(0.0, "ann"), (6.0, "cid")]


def test_taking_breath_is_no_end() -> None:
    assert certain((0.0, "ann"), (5.0, "bob"), (6.0, None), (6.5, "bob"), (7.0, None)) == [(0.0, "ann"), (5.0, "bob")]


def test_nobody_is_not_shown_instead_of_somebody() -> None:
    assert certain((0.0, "ann"), (9.0, None), (50.0, "ann")) == [(0.0, "ann")]


def test_it_is_certain_by_the_lookahead() -> None:
    state = Turns(1.5)
    state.push(Turn(0.0, "ann"))
    state.push(Turn(5.0, "bob"))
    assert state.settle(6.4) is None
    assert state.settle(5.0 + state.lookahead) == (5.0, "bob")


def loudness(*levels: dict[str, float]) -> list[Turn]:
    state = Loudness()
    found = [state.push(number / 10, each) for number, each in enumerate(levels)]
    return [turn for turn in found if turn is not None]


def test_who_is_loud_speaks() -> None:
    quiet = [{"ann": 0.001, "bob": 0.0}] * 10
    anns, bobs = [{"ann": 0.1, "bob": 0.002}] * 10, [{"bob": 0.1}] * 10
    assert loudness(*quiet, *anns, *bobs, *quiet) == [(1.0, "ann"), (2.0, "bob"), (3.5, None)]


def test_a_little_louder_is_not_another_speaker() -> None:
    assert loudness({"ann": 0.1}, {"ann": 0.1, "bob": 0.12}, {"ann": 0.1, "bob": 0.2}) == [(0.0, "ann"), (0.2, "bob")]
    assert loudness({}, {"ann": 0.1, "bob": 0.1}, {"bob": 0.1, "ann": 0.1}) == [(0.1, "ann")]
