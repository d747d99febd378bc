# SPDX-License-Identifier: Apache-2.0
"""The order of plugins, and what is said of those that cannot be ordered."""

import hypothesis
from hypothesis import strategies

from podium.core.plugins.ordering import Needs, order

NAMES = strategies.sampled_from("abcdef")
GRAPHS = strategies.dictionaries(
    NAMES, strategies.builds(Needs, strategies.lists(NAMES, max_size=3).map(tuple), strategies.lists(NAMES).map(tuple))
)


def test_each_comes_after_what_it_needs_and_otherwise_by_name() -> None:
    needs = {"a": Needs(requires=("c",)), "b": Needs(), "c": Needs(after=("d", "x")), "d": Needs()}
    assert order(needs).names == ("b", "d", "c", "a")


def test_what_is_missing_is_named_with_the_remedy_and_takes_those_who_require_it_along() -> None:
    result = order({"a": Needs(requires=("b",)), "b": Needs(requires=("x",)), "c": Needs()}, unusable=["y"])
    assert result.names == ("c",)
    assert result.problems == {
        "b": "requires plugin 'x', which is not enabled: add [plugins.x] to podium.toml",
        "a": "requires plugin 'b', which cannot run",
    }
    assert order({"a": Needs(requires=("y",))}, ["y"]).problems == {"a": "requires plugin 'y', which cannot run"}


def test_a_circle_is_named_as_such_and_hurts_nobody_else() -> None:
    result = order({"a": Needs(requires=("b",)), "b": Needs(after=("a",)), "c": Needs(after=("a",)), "d": Needs()})
    assert result.names == ("c", "d") or result.names == ("d", "c")
    assert result.problems == {"a": "waits for itself: a -> b -> a", "b": "waits for itself: b -> a -> b"}


@hypothesis.given(GRAPHS)
def test_everybody_is_placed_after_their_needs_or_has_a_reason(needs: dict[str, Needs]) -> None:
    names, problems = order(needs)
    assert sorted([*names, *problems]) == sorted(needs)
    for index, name in enumerate(names):
        assert set(needs[name].requires) <= set(names[:index])
        assert not set(needs[name].after) & set(names[index:])
