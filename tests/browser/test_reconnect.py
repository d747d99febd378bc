# SPDX-License-Identifier: Apache-2.0
"""A host that restarts finds its people back by themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_people_come_back_after_the_host_restarted(room: Any, tmp_path: Path, start_host: Callable[..., Any]) -> None:
    with start_host(tmp_path) as first:
        room.host = first
        ada, ben = room.join("Ada"), room.join("Ben")
        ada.wait_for_picture(ben.own_id)
        own_id = ada.own_id
    ada.wait_for("!document.getElementById('banner').hidden")
    with start_host(tmp_path, first.port):
        for tab in (ada, ben):
            tab.wait_for("podium.state === 'connected'", timeout=40)
        ada.wait_for("podium.participants.size === 1")
        assert ada.own_id == own_id
        ada.wait_for_picture(ben.own_id)
        ben.wait_for_picture(ada.own_id)
        ada.wait_for("document.getElementById('banner').hidden")
        room.close()
