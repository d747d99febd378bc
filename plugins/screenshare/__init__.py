# SPDX-License-Identifier: Apache-2.0
"""Screen sharing: who may show a screen to a class, one at a time or several, kept by the server.

This file says what the plugin offers. `rules` decides, without a clock or a database; `board` is what is known of one
open room and `desk` where shares begin and end; `sharing`, `asking` and `ruling` are the operations, `hearing` the
hooks, `store` the statements, `books` and `driver` what is written later. It does not touch media beyond a block: what
flows is the rooms' business.
"""

from collections.abc import Callable
from datetime import datetime

from podium.core import LEADING, Health, Plugin, PluginContext
from podium.plugins.screenshare import asking, ruling, sharing
from podium.plugins.screenshare._config import ScreenshareConfig
from podium.plugins.screenshare.callers import SHARING, STAFF
from podium.plugins.screenshare.desk import Desk, desk_of, utc_now
from podium.plugins.screenshare.driver import drive
from podium.plugins.screenshare.events import declare_events
from podium.plugins.screenshare.hearing import declare_hooks
from podium.plugins.screenshare.tables import CLAIMS, METADATA

__all__ = ["ScreenshareConfig", "make_plugin", "plugin"]

ROOM_ROLES = ("instructor", "assistant", "student", "observer")
PACKAGE = "podium.plugins.screenshare"


def make_plugin(now: Callable[[], datetime] = utc_now) -> Plugin:
    """The plugin, with the clock by which it writes times."""
    plugin = Plugin(
        "screenshare",
        version="1.0",
        config=ScreenshareConfig,
        tables=METADATA,
        migrations=f"{PACKAGE}.migrations",
        claims=CLAIMS,
        static=PACKAGE,
    )
    declare_events(plugin)
    declare_hooks(plugin)
    _offer(plugin)
    plugin.task(drive)
    plugin.panel("sharing", title="Screens", module="screenshare.js", roles=SHARING, eager=True)

    @plugin.on_start
    async def begin(context: PluginContext) -> None:
        context.state = Desk(context, now)

    @plugin.on_stop
    async def end(context: PluginContext) -> None:
        await desk_of(context).finish()

    @plugin.hook
    async def health_check(context: PluginContext) -> Health:
        return desk_of(context).health()

    return plugin


def _offer(plugin: Plugin) -> None:
    shares, rules = "/sessions/{session_id}/screen-shares", "/sessions/{session_id}/screen-share-rules"
    sharing_people, leading, everybody = SHARING, (*LEADING, *STAFF), (*ROOM_ROLES, *STAFF)
    plugin.operation(rest=f"POST {shares}", roles=sharing_people)(sharing.start_screen_share)
    plugin.operation(rest=f"POST {shares}/stop", roles=(*sharing_people, *STAFF))(sharing.stop_screen_share)
    plugin.operation(rest=f"GET {shares}", roles=everybody)(sharing.list_screen_shares)
    plugin.operation(rest=f"POST {shares}/request", roles=sharing_people)(asking.request_screen_share)
    plugin.operation(rest=f"POST {shares}/allow", roles=leading)(asking.allow_screen_share)
    plugin.operation(rest=f"GET {rules}", roles=everybody)(ruling.get_screen_share_rules)
    plugin.operation(rest=f"PATCH {rules}", roles=leading)(ruling.update_screen_share_rules)


plugin = make_plugin()
