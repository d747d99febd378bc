# SPDX-License-Identifier: Apache-2.0
"""The plugin object: its name, its settings, its table, its files for browsers. Other modules add to it."""

from importlib.metadata import version

from podium.core import Plugin

from podium_attendance.settings import Settings
from podium_attendance.tables import Base

STAFF = ("instructor", "assistant")
"""Who sees the attendance of their class."""

plugin = Plugin(
    "attendance",
    version=version("podium-attendance"),
    config=Settings,
    tables=Base.metadata,
    migrations="podium_attendance.migrations",
    static="podium_attendance",
)
plugin.panel("attendance", title="Attendance", module="panel.js", roles=STAFF)
