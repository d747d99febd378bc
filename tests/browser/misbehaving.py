# SPDX-License-Identifier: Apache-2.0
"""Plugins that do everything wrong, installed as strangers' distributions in a folder for PYTHONPATH."""

from pathlib import Path

RAISING = """
from podium.core import Plugin
from podium.core.plugins.hooks import HOOKS

GUARDS = {"participant_joining", "message_sending", "track_audience"}  # a failure of these refuses, as it should
plugin = Plugin("raising", version="1.0")


def failing(name):
    async def fail():
        raise RuntimeError(f"{name} always fails")

    fail.__name__ = name
    plugin.hook(fail)


for name in HOOKS.keys() - GUARDS:
    failing(name)
"""

BLOCKING = """
import trio

from podium.core import Plugin
from podium.core.plugins.hooks import HOOKS

plugin = Plugin("blocking", version="1.0")


def blocking(name):
    async def block():
        await trio.sleep_forever()

    block.__name__ = name
    plugin.hook(block)


for name, hook in HOOKS.items():
    if hook.contract == "notify":
        blocking(name)
"""

CRASHING = """
from podium.core import Plugin

plugin = Plugin("crashing", version="1.0")


@plugin.task
async def crash(context):
    raise RuntimeError("out of luck")
"""

MISCONFIGURED = """
import msgspec

from podium.core import Plugin


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    limit: int = 3


plugin = Plugin("misconfigured", version="1.0", config=Settings)
"""

UNIMPORTABLE = """
import a_library_that_nobody_has
"""

OUTDATED = """
from podium.core import Plugin

plugin = Plugin("outdated", version="1.0", api=0)
"""

GUARDING = """
from podium.core import Plugin

plugin = Plugin("guarding", version="1.0")


@plugin.hook
async def participant_joining(participant):
    raise RuntimeError("no idea who that is")
"""

SPINNING = """
from podium.core import Plugin

plugin = Plugin("spinning", version="1.0")


@plugin.hook
async def track_muted():
    while True:
        pass
"""

PLUGINS = {
    "raising": RAISING,
    "blocking": BLOCKING,
    "crashing": CRASHING,
    "misconfigured": MISCONFIGURED,
    "unimportable": UNIMPORTABLE,
    "outdated": OUTDATED,
    "guarding": GUARDING,
    "spinning": SPINNING,
}


def install(folder: Path) -> None:
    """As an installer leaves them: a module and metadata for each."""
    for name, code in PLUGINS.items():
        (folder / f"{name}_plugin.py").write_text(code)
        info = folder / f"podium_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: podium-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[podium.plugins]\n{name} = {name}_plugin:plugin\n")
