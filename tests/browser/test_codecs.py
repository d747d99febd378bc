# SPDX-License-Identifier: Apache-2.0
"""Every video codec that a browser sends is forwarded so that another browser can decode it, layer switches too."""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

CODEC = """async (id) => {
  const statistics = await podium.connection.getStats();
  const row = [...statistics.values()].find((row) => row.type === "inbound-rtp" && row.kind === "video"
    && podium.slots.get(row.mid)?.participantId === id);
  return statistics.get(row.codecId).mimeType;
}"""


@pytest.mark.campaign
@pytest.mark.parametrize("codec", ["VP9", "H264", "AV1"])
def test_a_browser_decodes_what_another_sends(codec: str, start_host: Any, open_room: Any, tmp_path: Path) -> None:
    with start_host(tmp_path, PODIUM_MEDIA__VIDEO_CODECS=codec) as host:
        room = open_room(host)
        ada, ben, cleo = (room.join(name) for name in ("Ada", "Ben", "Cleo"))
        for watcher, watched in ((ada, ben), (ben, cleo), (cleo, ada)):
            watcher.wait_for_picture(watched.own_id)
        assert ada.evaluate(CODEC, ben.own_id) == f"video/{codec}"
        pin = f".tile[data-participant='{ben.own_id}'] .pin"
        ada.evaluate("(pin) => document.querySelector(pin).click()", pin)
        ada.wait_for_picture(ben.own_id, frames=30)
        ada.wait_for_picture(cleo.own_id, frames=30)
        room.close()
