# SPDX-License-Identifier: Apache-2.0
"""A test's own plugin, installed as a distribution in a folder for PYTHONPATH."""

import os
from pathlib import Path


def install(folder: Path, name: str, code: str) -> str:
    """Leave it as an installer does; what PYTHONPATH has to be then."""
    (folder / f"{name}_plugin.py").write_text(code)
    info = folder / f"podium_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: podium-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[podium.plugins]\n{name} = {name}_plugin:plugin\n")
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
