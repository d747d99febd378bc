# SPDX-License-Identifier: Apache-2.0
"""`podium plugins NAME`: everything known about one plugin, for people.

Of a plugin that runs nowhere the counters are zero and its place in the order of calls is not known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from podium.core.plugins.report import HookReport, PluginReport

WIDTH = 12
"""Characters of the column with what a line is about."""


def details(each: PluginReport, order: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Lines; `order` has for each hook the plugins in the order of calls."""
    source = f", from {each.distribution}" if each.distribution is not None else ""
    yield f"{each.name} {each.version or ''}".rstrip() + f": {each.state}{source}"
    yield from _lines("problem", each.problems)
    if each.last_error is not None and each.last_error not in each.problems:
        yield from _lines("last error", (each.last_error,))
    if each.stalls or each.crashes:
        yield from _lines("trouble", (f"held up the host {each.stalls} times, crashed {each.crashes} times",))
    yield from _lines("requires", each.requires)
    yield from _lines("after", each.after)
    yield from _lines("hooks", [_hook(each.name, hook, order.get(hook.name, ())) for hook in each.hooks])
    yield from _lines("operations", each.operations)
    yield from _lines("events", each.events)
    yield from _lines("routes", [route.name for route in each.routes])
    yield from _lines("panels", each.panels)
    yield from _lines("commands", [f"podium {each.name} {command}" for command in each.commands])
    yield from _lines("tasks", each.tasks)
    revision = f" (revision {each.revision})" if each.revision is not None else ""
    yield from _lines("tables", [f"{table}{revision}" for table in each.tables])


def _lines(what: str, entries: Iterable[str]) -> Iterator[str]:
    for index, entry in enumerate(entries):
        yield f"  {'' if index else what:{WIDTH}}{entry}"


def _hook(plugin: str, hook: HookReport, order: Sequence[str]) -> str:
    counted = hook.statistics
    place = f", called {order.index(plugin) + 1} of {len(order)}" if plugin in order else ""
    counts = {
        "calls": counted.calls,
        "errors": counted.errors,
        "timeouts": counted.timeouts,
        "refusals": counted.refusals,
        "dropped": counted.dropped,
    }
    shown = "".join(f", {count} {name}" for name, count in counts.items() if count)
    return f"{hook.name} ({hook.contract}{place}{shown})"
