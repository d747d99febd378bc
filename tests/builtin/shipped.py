# SPDX-License-Identifier: Apache-2.0
"""Which plugins Podium ships, as pyproject.toml says: that of an earlier installation may say something else."""

import tomllib
from collections.abc import Collection
from importlib.metadata import EntryPoint
from pathlib import Path

from podium.core.plugins.discovery import GROUP, Installed

ROOT = Path(__file__).parents[2]


def shipped() -> dict[str, Installed]:
    """All of them, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    points = project["entry-points"][GROUP]
    return {
        name: Installed(EntryPoint(name, value, GROUP), project["name"], project["version"])
        for name, value in points.items()
    }


def left_without(missing: Collection[str]) -> dict[str, Installed]:
    """Those that can still run when some are missing: without those that require one of them, and so on."""
    left = {name: each for name, each in shipped().items() if name not in missing}
    while needy := [name for name, each in left.items() if not left.keys() >= set(each.load().requires)]:
        for name in needy:
            del left[name]
    return left


def site(folder: Path) -> Path:
    """A folder for PYTHONPATH in which other processes find them, before those of an earlier installation."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name']}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = "".join(f"{name} = {value}\n" for name, value in project["entry-points"][GROUP].items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}")
    return folder
