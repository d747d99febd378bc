# SPDX-License-Identifier: Apache-2.0
"""podium.core: rooms, media and configuration. What hosts and plugins may use is what this module exports.

A name is imported when it is first asked for, so that reading a configuration starts no media stack.
"""

if __name__ != "podium.core":
    raise ImportError(
        f"import this package as podium.core, not as {__name__}: install the distribution (pip install -e .)"
    )

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podium.core.config import Config, ConfigError, load_config
    from podium.core.errors import PodiumError
    from podium.core.events import (
        AnyEvent,
        ConnectionState,
        Error,
        Event,
        Joined,
        Left,
        ParticipantInfo,
        ParticipantJoined,
        ParticipantLeft,
        Showing,
        SlotContent,
        Speaking,
        TrackInfo,
        TrackKind,
        TrackMuted,
        TrackPublished,
        TrackSource,
        TrackUnpublished,
    )
    from podium.core.identity import (
        AuthenticationError,
        Authenticator,
        Caller,
        Identities,
        JoinTokens,
        new_key,
        open_identities,
    )
    from podium.core.media.binding import MediaError
    from podium.core.media.naming import SourceError
    from podium.core.media.sdp import NegotiationError
    from podium.core.operations import (
        DeclarationError,
        Dispatcher,
        Operation,
        OperationError,
        Services,
        declare,
        kind_of,
        open_services,
    )
    from podium.core.rooms.identity import ROLES, RoomError
    from podium.core.rooms.presence import LocalParticipant, Negotiated, NegotiatedSlot
    from podium.core.rooms.rooms import Rooms, RoomsStatistics, RoomSummary, open_rooms
    from podium.core.rooms.wishes import Shown

_HOMES = {
    "config": ("Config", "ConfigError", "load_config"),
    "errors": ("PodiumError",),
    "events": (
        "AnyEvent",
        "ConnectionState",
        "Error",
        "Event",
        "Joined",
        "Left",
        "ParticipantInfo",
        "ParticipantJoined",
        "ParticipantLeft",
        "Showing",
        "SlotContent",
        "Speaking",
        "TrackInfo",
        "TrackKind",
        "TrackMuted",
        "TrackPublished",
        "TrackSource",
        "TrackUnpublished",
    ),
    "identity": (
        "AuthenticationError",
        "Authenticator",
        "Caller",
        "Identities",
        "JoinTokens",
        "new_key",
        "open_identities",
    ),
    "media.binding": ("MediaError",),
    "media.naming": ("SourceError",),
    "media.sdp": ("NegotiationError",),
    "operations": (
        "DeclarationError",
        "Dispatcher",
        "Operation",
        "OperationError",
        "Services",
        "declare",
        "kind_of",
        "open_services",
    ),
    "rooms.identity": ("ROLES", "RoomError"),
    "rooms.presence": ("LocalParticipant", "Negotiated", "NegotiatedSlot"),
    "rooms.rooms": ("RoomSummary", "Rooms", "RoomsStatistics", "open_rooms"),
    "rooms.wishes": ("Shown",),
}
_MODULES = {name: f"podium.core.{module}" for module, names in _HOMES.items() for name in names}

__all__ = [
    "ROLES",
    "AnyEvent",
    "AuthenticationError",
    "Authenticator",
    "Caller",
    "Config",
    "ConfigError",
    "ConnectionState",
    "DeclarationError",
    "Dispatcher",
    "Error",
    "Event",
    "Identities",
    "JoinTokens",
    "Joined",
    "Left",
    "LocalParticipant",
    "MediaError",
    "Negotiated",
    "NegotiatedSlot",
    "NegotiationError",
    "Operation",
    "OperationError",
    "ParticipantInfo",
    "ParticipantJoined",
    "ParticipantLeft",
    "PodiumError",
    "RoomError",
    "RoomSummary",
    "Rooms",
    "RoomsStatistics",
    "Services",
    "Showing",
    "Shown",
    "SlotContent",
    "SourceError",
    "Speaking",
    "TrackInfo",
    "TrackKind",
    "TrackMuted",
    "TrackPublished",
    "TrackSource",
    "TrackUnpublished",
    "declare",
    "kind_of",
    "load_config",
    "new_key",
    "open_identities",
    "open_rooms",
    "open_services",
]


if not TYPE_CHECKING:  # type checkers see the imports above, and unknown names as errors

    def __getattr__(name: str) -> object:
        """Import a public name on first use (PEP 562)."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULES[name]), name)
        return value
