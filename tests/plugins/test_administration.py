# SPDX-License-Identifier: Apache-2.0
"""Administrators look at plugins and switch them, over the same way as every other operation; nobody else may."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from podium.core import Caller, Plugin, PodiumError
from podium.core.operations.dispatcher import Dispatcher
from podium.core.operations.registry import Registry
from podium.core.plugins.administration import OPERATIONS, PluginList, offer_administration
from tests.plugins.stand_ins import running

ADMINISTRATOR = Caller(role="administrator", subject="root")


@asynccontextmanager
async def administered(tmp_path: Path, *plugins: Plugin) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(Registry())
    async with running(tmp_path, *plugins) as manager:
        offer_administration(dispatcher.registry, manager)
        yield dispatcher


def states(answer: msgspec.Struct) -> dict[str, str]:
    assert isinstance(answer, PluginList)
    return {plugin.name: plugin.state.value for plugin in answer.plugins}


async def test_a_plugin_is_listed_disabled_and_enabled(tmp_path: Path) -> None:
    async with administered(tmp_path, Plugin("chat", version="1.2")) as dispatcher:
        assert states(await dispatcher.call("ListPlugins", {}, ADMINISTRATOR)) == {"chat": "running"}
        assert states(await dispatcher.call("DisablePlugin", {"name": "chat"}, ADMINISTRATOR)) == {"chat": "disabled"}
        assert states(await dispatcher.call("EnablePlugin", {"name": "chat"}, ADMINISTRATOR)) == {"chat": "running"}


async def test_the_answer_is_json(tmp_path: Path) -> None:
    async with administered(tmp_path, Plugin("chat", version="1.2")) as dispatcher:
        told = msgspec.json.decode(msgspec.json.encode(await dispatcher.call("ListPlugins", {}, ADMINISTRATOR)))
    assert (told["plugins"][0]["name"], told["plugins"][0]["version"]) == ("chat", "1.2")


async def test_what_cannot_be_switched_says_why(tmp_path: Path) -> None:
    needed, needing = Plugin("events", version="1.0"), Plugin("chat", version="1.0", requires=("events",))
    async with administered(tmp_path, needed, needing) as dispatcher:
        for name, code in (("events", "plugin_required"), ("evnts", "plugin_unknown")):
            with pytest.raises(PodiumError) as refused:
                await dispatcher.call("DisablePlugin", {"name": name}, ADMINISTRATOR)
            assert refused.value.code == code


@pytest.mark.parametrize("role", ["student", "assistant", "instructor", "observer", "service", "anonymous"])
async def test_nobody_else_may(tmp_path: Path, role: str) -> None:
    caller = msgspec.convert({"role": role, "subject": "somebody"}, Caller)
    async with administered(tmp_path, Plugin("chat", version="1.0")) as dispatcher:
        for operation in OPERATIONS:
            with pytest.raises(PodiumError) as refused:
                await dispatcher.call(operation.name, {"name": "chat"}, caller)
            assert refused.value.code in ("forbidden", "unauthenticated")
