# SPDX-License-Identifier: Apache-2.0
"""Audiences as bits: which of 64 groups stands for whom, so that a worker can tell by one AND who may receive what.

Tracks with equal audiences share a group. Whether a publisher counts to its own audience makes no difference, since
nobody is sent what is one's own; so "all but me" of a whole class is one group, and so is "the instructor only".
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

MAX_GROUPS = 64

Group = frozenset[str]
Numbers = Mapping[Group, int]
"""Bit of each group, 0 to 63."""


def groups_of(audiences: Sequence[tuple[str, Group]], before: Collection[Group]) -> list[Group]:
    """The group for each (publisher, audience), shared by as many as possible; those of `before` are preferred."""
    wanted = Counter(
        group for publisher, audience in audiences if audience for group in {audience, audience | {publisher}}
    )
    return [
        max((audience, audience | {publisher}), key=lambda group: (wanted[group], group in before))
        if audience
        else audience
        for publisher, audience in audiences
    ]


def number(groups: Iterable[Group], before: Numbers) -> dict[Group, int]:
    """Give each group that is not empty a bit; groups of `before` keep theirs, and those beyond 64 have none.

    A bit that has just lost its group is the last to be given away.
    """
    wanted = dict.fromkeys(group for group in groups if group)
    numbers = {group: before[group] for group in wanted if group in before}
    taken = set(before.values())
    free = [bit for bit in range(MAX_GROUPS) if bit not in taken]
    free += [bit for group, bit in before.items() if group not in wanted]
    for group in wanted:
        if group not in numbers and free:
            numbers[group] = free.pop(0)
    return numbers


def mask(bits: Iterable[int]) -> int:
    return sum(1 << bit for bit in bits)


def membership(participant_id: str, numbers: Numbers) -> int:
    """All groups that somebody belongs to."""
    return mask(bit for group, bit in numbers.items() if participant_id in group)
