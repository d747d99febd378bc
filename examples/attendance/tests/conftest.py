# SPDX-License-Identifier: Apache-2.0
"""What all tests of the plugin share."""

import pytest


@pytest.fixture
def podium_config() -> str:
    """Podium with the plugin enabled."""
    return "[plugins.attendance]\nheartbeat_seconds = 1\n"
