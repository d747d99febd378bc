# SPDX-License-Identifier: Apache-2.0
"""Installed plugins, rooms and a running manager without distributions or media."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from podium.core.config import Config, load_config
from podium.core.events import Event, ParticipantInfo, TrackSource
from podium.core.media.tap import MediaTap
from podium.core.plugins.discovery import Installed
from podium.core.plugins.manager import Plugins, open_plugins
from podium.core.plugins.plugin import Plugin
from podium.core.rooms.messages import Keep, Message
from podium.core.rooms.observer import ParticipantView, RoomView
from podium.core.rooms.presence import LocalParticipant

ROOM = RoomView(session_id="math")
ANN = ParticipantView(participant_id="ann", display_name="Ann", role="student")


class Point(EntryPoint):
    """An entry point whose import gives what the test says, or raises it."""

    @classmethod
    def to(cls, name: str, target: object) -> "Point":
        point = cls(name, f"{name}_plugin:plugin", "podium.plugins")
        vars(point).update(target=target)
        return point

    def load(self) -> Any:
        target = vars(self)["target"]
        if isinstance(target, BaseException):
            raise target
        return target


def found(*plugins: Plugin, **others: object) -> dict[str, Installed]:
    """As if these were installed; `others` are what an import by that name gives or raises."""
    targets = {each.name: each for each in plugins} | others
    return {name: Installed(Point.to(name, target), f"podium-{name}", "1.0") for name, target in targets.items()}


def config_of(tmp_path: Path, text: str) -> Config:
    """What load_config makes of a podium.toml."""
    file = tmp_path / "podium.toml"
    file.write_text(text)
    return load_config(file)


def config_for(tmp_path: Path, names: Iterable[str]) -> Config:
    return config_of(tmp_path, "".join(f"[plugins.{name}]\n" for name in names))


class FakeRooms:
    """Keeps what was asked of it."""

    local_address = "127.0.0.1"

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def views(self) -> tuple[RoomView, ...]:
        return (ROOM,)

    def participants(self, session_id: str) -> tuple[ParticipantInfo, ...]:
        return (ParticipantInfo(participant_id="ann", display_name="Ann", role="student"),)

    def present(self, session_id: str) -> tuple[ParticipantView, ...]:
        return (ParticipantView(participant_id="ann", display_name="Ann", role="student"),)

    def tell(self, session_id: str, event: Event, participant_id: str | None = None, *, roles: Any = None) -> None:
        self.asked.append(("tell", session_id, event, participant_id))

    def remove(self, session_id: str, participant_id: str, reason: str) -> None:
        self.asked.append(("remove", session_id, participant_id, reason))

    def set_blocked(
        self, session_id: str, participant_id: str, source: TrackSource, blocked: bool, *, owner: str
    ) -> None:
        self.asked.append(("set_blocked", session_id, participant_id, source, blocked, owner))

    def lift_blocks(self, owner: str) -> None:
        self.asked.append(("lift_blocks", owner))

    def set_role(self, session_id: str, participant_id: str, role: str) -> None:
        self.asked.append(("set_role", session_id, participant_id, role))

    def close_room(self, session_id: str, reason: str) -> None:
        self.asked.append(("close_room", session_id, reason))

    def end_session(self, session_id: str, reason: str) -> None:
        self.asked.append(("end_session", session_id, reason))

    def waiting(self, session_id: str) -> tuple[ParticipantView, ...]:
        return ()

    def admit(self, session_id: str, participant_id: str) -> bool:
        self.asked.append(("admit", session_id, participant_id))
        return True

    def turn_away(self, session_id: str, participant_id: str, message: str, *, code: str) -> bool:
        self.asked.append(("turn_away", session_id, participant_id, message, code))
        return True

    def reconsider(self, session_id: str) -> None:
        self.asked.append(("reconsider", session_id))

    async def send_message(self, message: Message, keep: Keep | None = None) -> None:
        self.asked.append(("send_message", message))

    async def join(self, session_id: str, participant_id: str | None, display_name: str, role: str) -> LocalParticipant:
        raise AssertionError("nobody joins here")

    def open_tap(self, *names: object, **options: object) -> MediaTap:
        raise AssertionError("nothing is published here")


@asynccontextmanager
async def running(tmp_path: Path, *plugins: Plugin, text: str | None = None, **options: Any) -> AsyncIterator[Plugins]:
    """These plugins, enabled and started."""
    config = config_for(tmp_path, [each.name for each in plugins]) if text is None else config_of(tmp_path, text)
    others = options.pop("others", {})
    async with open_plugins(config, found=found(*plugins, **others), **options) as manager:
        await manager.start(FakeRooms())
        yield manager


def problems(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Messages logged about plugins, each with the plugin's name."""
    return [(record.getMessage(), vars(record)["plugin"]) for record in caplog.records if "plugin" in vars(record)]
