# SPDX-License-Identifier: Apache-2.0
"""Recording as a plugin: what it declares, and what it makes when it starts."""

import secrets
from collections.abc import Callable
from datetime import datetime

import trio

from podium.core import ROLES, Health, Plugin, PluginContext
from podium.plugins.recording import attending, commands, operating, serving, store, telling
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.capturing import Capturing
from podium.plugins.recording.events import RecordingChanged, RecordingProgress
from podium.plugins.recording.place import open_place
from podium.plugins.recording.storage import storage_for
from podium.plugins.recording.studio import Studio, studio_of, utc_now
from podium.plugins.recording.tables import metadata
from podium.plugins.recording.work import Workshop, tend, work

PACKAGE = "podium.plugins.recording"


def make_plugin(now: Callable[[], datetime] = utc_now) -> Plugin:
    """The plugin, living by this clock."""
    plugin = Plugin(
        "recording",
        version="1.0",
        config=RecordingConfig,
        tables=metadata,
        migrations=f"{PACKAGE}.migrations",
        claims=("session_recordings",),
        static=PACKAGE,
    )
    plugin.panel("recording", title="Recording", module="panel.js", roles=ROLES, eager=True)
    plugin.event(RecordingChanged)
    plugin.event(roles=("instructor", "assistant"))(RecordingProgress)
    attending.declare_hooks(plugin)
    operating.declare_operations(plugin)
    serving.declare_routes(plugin)
    commands.declare_commands(plugin)
    for task in (telling.tend_captures, telling.direct, telling.keep_alive, telling.tell, make_films, clear_up):
        plugin.task(task)

    @plugin.on_start
    async def begin(context: PluginContext) -> None:
        context.state = await _open_studio(context, now)

    @plugin.on_stop
    async def end(context: PluginContext) -> None:
        await studio_of(context).stop_all()

    @plugin.hook
    async def health_check(context: PluginContext) -> Health:
        return _health(studio_of(context))

    return plugin


async def make_films(context: PluginContext) -> None:
    """Unless `podium recorder` processes do."""
    if context.config.work:
        await work(studio_of(context).workshop)


async def clear_up(context: PluginContext) -> None:
    """Delete what is old."""
    if context.config.work:
        await tend(studio_of(context).workshop)


async def _open_studio(context: PluginContext, now: Callable[[], datetime]) -> Studio:
    config: RecordingConfig = context.config
    place = await trio.to_thread.run_sync(open_place, context.directory)
    storage = await trio.to_thread.run_sync(storage_for, config, place)
    workshop = Workshop(
        database=context.database,
        storage=storage,
        place=place,
        config=config,
        log=context.log,
        holder=secrets.token_hex(8),
        now=now,
    )
    key = await context.database.run(store.link_key)
    capturing = Capturing(trio.lowlevel.current_trio_token().run_sync_soon)
    capturing.start()
    return Studio(context, place=place, storage=storage, link_key=key, capturing=capturing, workshop=workshop, now=now)


def _health(studio: Studio) -> Health:
    troubled = [stage.problem for stage in studio.stages if stage.problem is not None]
    if troubled:
        return Health(status="degraded", detail=f"{len(troubled)} classes are not recorded: {troubled[0].message}")
    if studio.overdue:
        return Health(status="degraded", detail=f"{len(studio.overdue)} films are overdue")
    return Health(detail=f"{sum(stage.take is not None for stage in studio.stages)} classes are being recorded")


plugin = make_plugin()
