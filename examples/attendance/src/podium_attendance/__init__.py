# SPDX-License-Identifier: Apache-2.0
"""Attendance: who was present in a class, from when to when.

The entry point in pyproject.toml names `plugin`. Importing the other modules adds to it what they declare.
"""

from podium_attendance import operations, watching
from podium_attendance._plugin import plugin

__all__ = ["operations", "plugin", "watching"]
