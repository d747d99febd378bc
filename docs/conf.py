# SPDX-License-Identifier: Apache-2.0
"""Sphinx builds this site from Markdown (MyST); warnings are errors in tox and CI."""

from importlib.metadata import version as installed_version

project = "Podium"
author = "The Podium authors"
copyright = author
release = version = installed_version("podium")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = f"Podium {version}"
