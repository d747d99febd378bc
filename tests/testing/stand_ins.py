# SPDX-License-Identifier: Apache-2.0
"""Plugins as installed as any, without distributions, for hosts that run in this process."""

import msgspec
import pytest

from podium.core import (
    Caller,
    OperationError,
    ParticipantView,
    Plugin,
    PluginContext,
    RoomView,
    Veto,
    WebFile,
    WebRequest,
    WebResponse,
)
from podium.core.plugins import discovery
from tests.plugins.stand_ins import Point

PEOPLE = ("instructor", "assistant", "student", "observer")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    greeting: str = "hello"


class Echo(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str
    words: tuple[str, ...] = ()
    loud: bool = False


class Echoed(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    by: str | None


def polite() -> Plugin:
    """Greets in the log, keeps out whoever is called Mallory, and echoes."""
    plugin = Plugin("polite", version="1.0", config=Settings)

    @plugin.hook
    async def participant_joining(participant: ParticipantView) -> Veto | None:
        return Veto("not you", "unwelcome") if participant.display_name == "Mallory" else None

    @plugin.hook
    async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        context.log.info(context.config.greeting, session_id=room.session_id, name=participant.display_name)

    @plugin.operation(roles=(*PEOPLE, "service"), rest="GET /echo/{session_id}")
    async def echo(context: PluginContext, caller: Caller, request: Echo) -> Echoed:
        """Say it again."""
        if not request.words:
            raise OperationError("invalid", "nothing_said", "say something", "words")
        text = " ".join(request.words)
        return Echoed(text=text.upper() if request.loud else text, by=caller.subject)

    @plugin.route("GET", "/letters")
    async def letters(context: PluginContext, request: WebRequest) -> WebResponse:
        text = b"abcdefghij"
        return WebResponse(file=WebFile(size=10, version="1", read=lambda start, size: iter([text[start:][:size]])))

    return plugin


def lame() -> Plugin:
    """Cannot start."""
    plugin = Plugin("lame", version="1.0")

    @plugin.on_start
    async def start(context: PluginContext) -> None:
        raise RuntimeError("no legs")

    return plugin


def install(monkeypatch: pytest.MonkeyPatch, *plugins: Plugin) -> None:
    """As if the distributions of these were installed, and no others."""
    points = [Point.to(plugin.name, plugin) for plugin in plugins]
    monkeypatch.setattr(discovery, "entry_points", lambda group: points if group == discovery.GROUP else [])
