# SPDX-License-Identifier: Apache-2.0
"""Bots: participants inside the server, for plugins that want decoded frames or bring media into a room."""
