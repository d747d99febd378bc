# SPDX-License-Identifier: Apache-2.0
"""Events that plugins declare: checked where they are written, one plugin to a name, told to the roles they are for.

A name on the signaling socket has to mean one thing. So a plugin cannot take a name of the core's or of signaling, and
a second plugin with the same name does not start beside the first.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, final, get_args

import msgspec

from podium.core.events import AnyEvent, Event
from podium.core.operations.declaration import RESERVED_FIELDS, RESERVED_NAMES
from podium.core.plugins.audience import checked_roles
from podium.core.plugins.errors import PluginError

if TYPE_CHECKING:
    from podium.core.plugins.context import PluginContext
    from podium.core.plugins.plugin import Plugin

_NAME = re.compile(r"[A-Z][A-Za-z0-9]{1,63}")
CORE_EVENTS: frozenset[type[Event]] = frozenset(get_args(AnyEvent))


class PluginEvent(NamedTuple):
    """An event that a plugin sends, and the roles that may see it."""

    kind: type[Event]
    roles: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.kind.__name__


NO_EVENTS: Mapping[str, PluginEvent] = MappingProxyType({})


def declared_event(kind: Any, roles: Iterable[str]) -> PluginEvent:
    """What `@plugin.event` keeps. Raises PluginError `event_invalid` or `roles_invalid`."""
    if not (isinstance(kind, type) and issubclass(kind, Event)):
        raise PluginError("event_invalid", f"{kind!r:.80} has to be a subclass of podium.core.Event")
    name = kind.__name__
    config = kind.__struct_config__
    if name in RESERVED_NAMES:
        raise PluginError("event_invalid", f"event {name}: this is a message of signaling; choose another name")
    if not _NAME.fullmatch(name):
        raise PluginError("event_invalid", f"event {name}: a name is in CamelCase, such as AttendanceChanged")
    if not config.frozen or config.array_like or config.tag != name or config.tag_field != "type":
        raise PluginError("event_invalid", f"event {name}: declare it as `class {name}(Event, frozen=True)`, no more")
    if taken := RESERVED_FIELDS.intersection(kind.__struct_encode_fields__):
        raise PluginError("event_invalid", f"event {name} cannot have a field {min(taken)}; signaling uses that")
    if kind.__struct_encode_fields__ != kind.__struct_fields__:
        raise PluginError("event_invalid", f"event {name}: fields are not renamed; they have one name everywhere")
    if not kind.__doc__:
        raise PluginError("event_invalid", f"event {name} needs a docstring, which becomes its documentation")
    return PluginEvent(kind, checked_roles(roles, f"event {name}"))


def check_beside(plugin: "Plugin", others: Iterable["Plugin"]) -> None:
    """Whether a plugin's events can be told beside those of others. Raises PluginError `event_exists`."""
    taken = {name: other.name for other in others for name in other.events if other.name != plugin.name}
    for name, event in plugin.events.items():
        if name in taken:
            raise PluginError("event_exists", f"its event {name} is there already, from plugin {taken[name]!r}")
        try:
            msgspec.json.schema(event.kind)
        except (TypeError, NameError) as error:
            raise PluginError("event_invalid", f"its event {name} cannot be described: {error}") from error


def audience_of(event: Event, declared: Mapping[str, PluginEvent]) -> tuple[str, ...] | None:
    """The roles that an event is for, None for all. Raises PluginError `event_undeclared` or `event_invalid`.

    Fields are not checked when an event is made, and what cannot be sent would end the connections it is meant for.
    """
    kind = type(event)
    own = declared.get(kind.__name__)
    if kind not in CORE_EVENTS and (own is None or own.kind is not kind):
        what = f"{kind.__name__} is no event of this plugin; declare the class with @plugin.event"
        raise PluginError("event_undeclared", what)
    try:
        msgspec.json.encode(event)
    except (TypeError, ValueError, RecursionError) as error:
        raise PluginError("event_invalid", f"this {kind.__name__} cannot be sent: {error}") from error
    return own.roles if own is not None else None


class OfferedEvent(NamedTuple):
    """An event with the plugin that sends it."""

    owner: str
    event: PluginEvent


@final
class EventOffer:
    """A PluginWatcher that knows the events of the plugins that run. `version` changes with every change."""

    def __init__(self) -> None:
        self.version = 0
        self._events: dict[str, tuple[PluginEvent, ...]] = {}

    def __iter__(self) -> Iterator[OfferedEvent]:
        return (OfferedEvent(owner, event) for owner, events in self._events.items() for event in events)

    def plugin_started(self, plugin: "Plugin", context: "PluginContext") -> None:  # noqa: ARG002  # as all watchers
        if plugin.events:
            self._events[plugin.name] = tuple(plugin.events.values())
            self.version += 1

    def plugin_stopped(self, name: str) -> None:
        if self._events.pop(name, None):
            self.version += 1
