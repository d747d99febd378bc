# SPDX-License-Identifier: Apache-2.0
"""Metrics for Prometheus: the page of a host (`Metrics`) and what plugins add to it (`PluginMetrics`).

The core's own figures are not kept twice: `host` and `streams` read what is counted anyway when somebody asks.
`docs/operating.md` lists them.
"""

from .page import Metrics
from .plugins import PluginMetrics

__all__ = ["Metrics", "PluginMetrics"]
