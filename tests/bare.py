# SPDX-License-Identifier: Apache-2.0
"""Hosts of tests that try `podium serve --dev` for something else than the plugins which that enables."""

from pathlib import Path

ENABLED_BY_DEV = ("chat", "moderation", "screenshare")


def without_plugins(folder: Path) -> dict[str, str]:
    """Environment variables that switch off what `--dev` enables and the file `podium.toml` in the folder does not."""
    file = folder / "podium.toml"
    text = file.read_text() if file.exists() else ""
    names = [name for name in ENABLED_BY_DEV if f"[plugins.{name}]" not in text]
    return {f"PODIUM_PLUGINS__{name.upper()}__ENABLED": "false" for name in names}
