# SPDX-License-Identifier: Apache-2.0
"""How the plugins are: asked when somebody looks, once for all who look, and nobody waits long for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from podium.core import Health, Plugin
from podium.core.plugins.checkup import KEPT_FOR, WAIT, Checkup
from tests.plugins.stand_ins import problems, running


def patient(name: str, health: Health, asked: list[str], takes: float = 0.0) -> Plugin:
    plugin = Plugin(name, version="1.0")

    @plugin.hook
    async def health_check() -> Health:
        asked.append(name)
        await trio.sleep(takes)
        return health

    return plugin


@asynccontextmanager
async def checked(tmp_path: Path, *plugins: Plugin, **options: Any) -> AsyncIterator[Checkup]:
    async with running(tmp_path, *plugins, **options) as manager, trio.open_nursery() as nursery:
        checkup = Checkup(manager)
        nursery.start_soon(checkup.run)
        yield checkup
        nursery.cancel_scope.cancel()


async def test_what_plugins_say_and_what_is_known_of_them(tmp_path: Path, autojump_clock: MockClock) -> None:
    asked = list[str]()
    said = [Health(), Health(status="degraded", detail="slow mail"), Health(status="failing")]
    plugins = [patient(name, health, asked) for name, health in zip("abc", said, strict=True)]
    silent = Plugin("silent", version="1.0")
    others = {"broken": ImportError("nothing")}
    text = "".join(f"[plugins.{name}]\n" for name in ("a", "b", "c", "silent", "broken"))
    async with checked(tmp_path, *plugins, silent, text=text, others=others) as checkup:
        health = await checkup.look()
    assert {name: each.status for name, each in health.items()} == {
        "a": "ok",
        "b": "degraded",
        "c": "failing",
        "silent": "ok",
        "broken": "failing",
    }
    assert (health["b"].detail, "nothing" in health["broken"].detail) == ("slow mail", True)


async def test_many_who_look_ask_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    asked = list[str]()
    async with checked(tmp_path, patient("a", Health(), asked, takes=0.1)) as checkup:
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(checkup.look)
        assert asked == ["a"]
        await checkup.look()
        assert asked == ["a"]
        await trio.sleep(KEPT_FOR)
        await checkup.look()
        assert asked == ["a", "a"]


async def test_nobody_waits_long_for_a_plugin_that_hangs(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with checked(tmp_path, patient("a", Health(), [], takes=3600)) as checkup:
        begun = trio.current_time()
        assert (await checkup.look())["a"].status == "ok"  # as far as is known
        assert trio.current_time() - begun <= WAIT
        await trio.sleep(4)
        assert (await checkup.look())["a"].status == "failing"
    assert ("health of a plugin changed", "a") in problems(caplog)
