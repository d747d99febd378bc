# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/plugins/media.md and rooms.md do, as they are written there, what the pages say."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
import trio
from trio.testing import wait_all_tasks_blocked

from podium.core.events import MessageReceived, ParticipantJoined, ParticipantLeft
from tests.bots.test_bot import clip
from tests.plugins.test_media import real_host, unpatched
from tests.plugins.test_policies import come, hears, sees
from tests.plugins.test_rooms import host, native
from tests.rooms.fake_worker import FakeWorker

__all__ = ["clip", "native", "unpatched"]

PAGES = [Path(__file__).parents[2] / "docs" / "plugins" / name for name in ("media.md", "rooms.md")]


def example(name: str) -> Any:
    """The module that makes the plugin of this name."""
    blocks = [block for page in PAGES for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)]
    (source,) = [block for block in blocks if f'Plugin("{name}"' in block]
    module = SimpleNamespace(__name__=name)
    exec(compile(source, f"example {name}", "exec"), vars(module))
    return module


async def test_breakout_groups_are_apart(tmp_path: Path, native: list[FakeWorker]) -> None:
    breakout = example("breakout")
    async with host(tmp_path, breakout.plugin) as (manager, rooms):
        ann, bob, cat, teacher = [await come(rooms, native[0], name) for name in ("ann", "bob", "cat", "teacher")]
        assert hears(cat, ann)
        divided = {"ann": "red", "bob": "red", "cat": "blue"}
        breakout.divide(manager.running()["breakout"], "math", divided)
        await wait_all_tasks_blocked()
        assert (hears(ann, bob), sees(bob, ann), hears(cat, ann), sees(cat, ann)) == (True, True, False, False)
        assert all(hears(student, teacher) for student in (ann, bob, cat))


@pytest.mark.usefixtures("unpatched")
async def test_taps_measure_who_has_spoken(tmp_path: Path, clip: Path) -> None:
    async with real_host(tmp_path, example("loudness").plugin) as (manager, _):
        with structlog.testing.capture_logs() as logs:
            media = manager.running()["loudness"].media
            async with media.open_bot("math", "Projector", play=clip) as bot:
                with trio.fail_after(20):
                    await bot.played.wait()
            with trio.fail_after(10):
                while not logs:
                    await wait_all_tasks_blocked(0.01)
    (entry,) = logs
    assert entry["event"] == "has spoken"
    assert entry["octets"] > 1000
    assert entry["lost"] == 0


@pytest.mark.usefixtures("unpatched")
async def test_a_bot_greets(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(clip, tmp_path / "welcome.webm")
    monkeypatch.chdir(tmp_path)
    async with real_host(tmp_path, example("greeter").plugin) as (_, rooms):
        ann = await rooms.join("math", "ann", "Ann")
        told: list[type] = []
        with trio.fail_after(30):
            async for event in ann.events:
                told.append(type(event))
                if isinstance(event, ParticipantLeft):
                    break
        assert told[0] is ParticipantJoined


async def test_who_joins_is_welcomed_by_name(tmp_path: Path) -> None:
    async with host(tmp_path, example("welcome").plugin) as (_, rooms):
        await rooms.join("math", "ann", "Ann")
        bob = await rooms.join("math", "bob", "Bob")
        await wait_all_tasks_blocked()
        told = bob.events.receive_nowait()
        assert isinstance(told, MessageReceived)
        assert (told.text, told.topic, told.sender, told.to) == ("Welcome, Bob.", "notice", None, ("bob",))
