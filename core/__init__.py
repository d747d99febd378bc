# SPDX-License-Identifier: Apache-2.0
"""podium.core: rooms, media, data, plugins and configuration. Hosts and plugins may use what this module exports.

A name is imported when it is first asked for, so that reading a configuration starts no media stack.
"""

if __name__ != "podium.core":
    raise ImportError(
        f"import this package as podium.core, not as {__name__}: install the distribution (pip install -e .)"
    )

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podium.core._fastpath import TAP_RTP, TAP_SENDER_REPORT, TapPacket
    from podium.core.bots.bot import Bot, BotError, BotFrame, open_bot
    from podium.core.config import Config, ConfigError, load_config
    from podium.core.data import (
        NAMING_CONVENTION,
        Database,
        DatabaseError,
        PluginTables,
        UtcDateTime,
        open_database,
    )
    from podium.core.errors import PodiumError
    from podium.core.events import (
        AnyEvent,
        ClientConfiguration,
        ConnectionState,
        Error,
        Event,
        IceServer,
        Joined,
        Left,
        MessageReceived,
        MessageSender,
        PanelsChanged,
        ParticipantInfo,
        ParticipantJoined,
        ParticipantLeft,
        RoleChanged,
        Showing,
        SlotContent,
        Speaking,
        TrackBlocked,
        TrackInfo,
        TrackKind,
        TrackMuted,
        TrackPublished,
        TrackSource,
        TrackUnpublished,
        TransportState,
        Waiting,
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
    from podium.core.media.tap import MediaTap
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
    from podium.core.operations.builtin import CreateJoinToken, JoinToken, ParticipantId, SessionId
    from podium.core.plugins.access_media import MediaAccess
    from podium.core.plugins.access_rooms import RoomsAccess
    from podium.core.plugins.access_sessions import SessionsAccess
    from podium.core.plugins.commands import CommandContext
    from podium.core.plugins.context import PluginContext
    from podium.core.plugins.errors import PluginError
    from podium.core.plugins.facade import Hooks
    from podium.core.plugins.health import Health
    from podium.core.plugins.manager import Plugins, PluginWatcher, open_plugins
    from podium.core.plugins.offering import OperationsAccess
    from podium.core.plugins.plugin import Plugin
    from podium.core.plugins.report import HookReport, PluginReport, RouteReport
    from podium.core.plugins.routes import WebFile, WebRequest, WebResponse
    from podium.core.plugins.runner import PluginState
    from podium.core.rooms.identity import LEADING, ROLES, RoomError
    from podium.core.rooms.messages import Message
    from podium.core.rooms.observer import (
        ParticipantView,
        RoomObserver,
        RoomView,
        TrackView,
        Veto,
        Wait,
        WaitingOutcome,
    )
    from podium.core.rooms.presence import LocalParticipant, Negotiated, NegotiatedSlot
    from podium.core.rooms.rooms import Rooms, RoomsStatistics, RoomSummary, open_rooms
    from podium.core.rooms.wishes import Shown
    from podium.core.sessions import (
        Occurrence,
        Person,
        PersonRole,
        SessionChange,
        SessionState,
        SessionView,
    )

_HOMES = {
    "bots.bot": ("Bot", "BotError", "BotFrame", "open_bot"),
    "config": ("Config", "ConfigError", "load_config"),
    "data": ("NAMING_CONVENTION", "Database", "DatabaseError", "PluginTables", "UtcDateTime", "open_database"),
    "errors": ("PodiumError",),
    "events": (
        "AnyEvent",
        "ClientConfiguration",
        "ConnectionState",
        "Error",
        "Event",
        "IceServer",
        "Joined",
        "Left",
        "PanelsChanged",
        "MessageReceived",
        "MessageSender",
        "ParticipantInfo",
        "ParticipantJoined",
        "ParticipantLeft",
        "RoleChanged",
        "Showing",
        "SlotContent",
        "Speaking",
        "TrackBlocked",
        "TrackInfo",
        "TrackKind",
        "TrackMuted",
        "TrackPublished",
        "TrackSource",
        "TrackUnpublished",
        "TransportState",
        "Waiting",
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
    "media.tap": ("MediaTap",),
    "_fastpath": ("TAP_RTP", "TAP_SENDER_REPORT", "TapPacket"),
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
    "operations.builtin": ("CreateJoinToken", "JoinToken", "ParticipantId", "SessionId"),
    "plugins.commands": ("CommandContext",),
    "plugins.access_media": ("MediaAccess",),
    "plugins.access_rooms": ("RoomsAccess",),
    "plugins.access_sessions": ("SessionsAccess",),
    "plugins.context": ("PluginContext",),
    "plugins.errors": ("PluginError",),
    "plugins.facade": ("Hooks",),
    "plugins.health": ("Health",),
    "plugins.manager": (
        "Plugins",
        "PluginWatcher",
        "open_plugins",
    ),
    "plugins.offering": ("OperationsAccess",),
    "plugins.plugin": ("Plugin",),
    "plugins.report": (
        "HookReport",
        "PluginReport",
        "RouteReport",
    ),
    "plugins.routes": ("WebFile", "WebRequest", "WebResponse"),
    "plugins.runner": ("PluginState",),
    "rooms.messages": ("Message",),
    "rooms.observer": (
        "ParticipantView",
        "RoomObserver",
        "RoomView",
        "TrackView",
        "Veto",
        "Wait",
        "WaitingOutcome",
    ),
    "rooms.identity": ("LEADING", "ROLES", "RoomError"),
    "rooms.presence": ("LocalParticipant", "Negotiated", "NegotiatedSlot"),
    "rooms.rooms": ("RoomSummary", "Rooms", "RoomsStatistics", "open_rooms"),
    "rooms.wishes": ("Shown",),
    "sessions": (
        "Occurrence",
        "Person",
        "PersonRole",
        "SessionChange",
        "SessionState",
        "SessionView",
    ),
}
_MODULES = {name: f"podium.core.{module}" for module, names in _HOMES.items() for name in names}

__all__ = [
    "LEADING",
    "NAMING_CONVENTION",
    "ROLES",
    "TAP_RTP",
    "TAP_SENDER_REPORT",
    "AnyEvent",
    "AuthenticationError",
    "Authenticator",
    "Bot",
    "BotError",
    "BotFrame",
    "Caller",
    "ClientConfiguration",
    "CommandContext",
    "Config",
    "ConfigError",
    "ConnectionState",
    "CreateJoinToken",
    "Database",
    "DatabaseError",
    "DeclarationError",
    "Dispatcher",
    "Error",
    "Event",
    "Health",
    "HookReport",
    "Hooks",
    "IceServer",
    "Identities",
    "JoinToken",
    "JoinTokens",
    "Joined",
    "Left",
    "LocalParticipant",
    "MediaAccess",
    "MediaError",
    "MediaTap",
    "Message",
    "MessageReceived",
    "MessageSender",
    "Negotiated",
    "NegotiatedSlot",
    "NegotiationError",
    "Occurrence",
    "Operation",
    "OperationError",
    "OperationsAccess",
    "PanelsChanged",
    "ParticipantId",
    "ParticipantInfo",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantView",
    "Person",
    "PersonRole",
    "Plugin",
    "PluginContext",
    "PluginError",
    "PluginReport",
    "PluginState",
    "PluginTables",
    "PluginWatcher",
    "Plugins",
    "PodiumError",
    "RoleChanged",
    "RoomError",
    "RoomObserver",
    "RoomSummary",
    "RoomView",
    "Rooms",
    "RoomsAccess",
    "RoomsStatistics",
    "RouteReport",
    "Services",
    "SessionChange",
    "SessionId",
    "SessionState",
    "SessionView",
    "SessionsAccess",
    "Showing",
    "Shown",
    "SlotContent",
    "SourceError",
    "Speaking",
    "TapPacket",
    "TrackBlocked",
    "TrackInfo",
    "TrackKind",
    "TrackMuted",
    "TrackPublished",
    "TrackSource",
    "TrackUnpublished",
    "TrackView",
    "TransportState",
    "UtcDateTime",
    "Veto",
    "Wait",
    "Waiting",
    "WaitingOutcome",
    "WebFile",
    "WebRequest",
    "WebResponse",
    "declare",
    "kind_of",
    "load_config",
    "new_key",
    "open_bot",
    "open_database",
    "open_identities",
    "open_plugins",
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
