# SPDX-License-Identifier: Apache-2.0
"""A recording whose room stays empty ends by itself. It takes as long as people are waited for."""

import pytest
import trio

from tests.builtin.conftest import StartHost
from tests.builtin.moderation.people import Somebody
from tests.builtin.recording.test_recording import SMALL, until


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_class_is_over_when_nobody_comes_back(start_host: StartHost) -> None:
    async with start_host(settings={"recording": SMALL}) as host:
        ada = await Somebody(host, "ada", "instructor").join()
        started = await ada.call("StartRecording")
        await trio.sleep(1.0)  # of class
        assert ada.presence is not None
        ada.presence.leave()
        film = await until(host, started.recording_id, "AVAILABLE")
        assert film.ended_at is not None
        ada = await Somebody(host, "ada", "instructor").join()
        assert (await ada.call("GetRecordingStatus")).state == "off"
        assert (await ada.call("StartRecording")).recording_id != started.recording_id
