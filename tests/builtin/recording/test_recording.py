# SPDX-License-Identifier: Apache-2.0
"""Recordings in a host, from the first packet to a film that is there: who begins and ends them, and what is told."""

from pathlib import Path
from typing import Any

import pytest
import trio

from podium.core import Caller, DatabaseError
from podium.plugins.recording import store
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost
from tests.builtin.moderation.people import ROOM, SERVICE, Somebody, metric

SMALL = """
idle_seconds = 10
[plugins.recording.film]
width = 320
height = 180
frame_rate = 5
"""


async def until(host: BuiltinHost, recording_id: str, state: str) -> Any:
    """The recording, once it is in this state."""
    with trio.fail_after(60):
        while True:
            found = await host.call("GetRecording", recording_id=recording_id)
            if found.state == state:
                return found
            assert found.state != "FAILED", found.problem
            await trio.sleep(0.1)


async def begun(host: BuiltinHost, somebody: Somebody) -> Any:
    """The status of the class, once it is recorded."""
    await somebody.hears("RecordingChanged", state="recording")
    return await somebody.call("GetRecordingStatus")


async def test_a_class_is_recorded_by_hand(start_host: StartHost) -> None:
    async with start_host(settings={"recording": SMALL}) as host:
        ada, ben = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ben").join()
        assert (await ben.call("GetRecordingStatus")).state == "off"
        started = await ada.call("StartRecording")
        assert (started.state, started.paused) == ("RECORDING", False)
        told = await ben.hears("RecordingChanged", state="recording")
        assert told.recording_id == started.recording_id
        assert told.notice == "This class is being recorded."
        assert (await ada.call("StartRecording")).recording_id == started.recording_id
        assert (await ada.call("PauseRecording")).paused
        await ben.hears("RecordingChanged", state="paused")
        assert not (await ada.call("ResumeRecording")).paused
        await ben.hears("RecordingChanged", state="recording")
        await trio.sleep(1.0)  # of class
        assert (await ada.call("StopRecording")).state == "PROCESSING"
        await ben.hears("RecordingChanged", state="off")
        film = await until(host, started.recording_id, "AVAILABLE")
        assert film.duration > 0.9
        assert film.size > 0
        assert film.watch_url is not None
        assert film.download_url is not None
        assert await ada.refused("StopRecording") == "not_recording"
        listed = (await ben.call("ListRecordings")).recordings
        assert [each.recording_id for each in listed] == [started.recording_id]
        with trio.fail_after(10):
            while metric(host, "recordings_completed_total") != 1:
                await trio.sleep(0.1)
        assert metric(host, "recordings_started_total") == 1


async def test_what_cannot_be_written_changes_nothing(start_host: StartHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: object) -> bool:
        raise DatabaseError("database_unavailable", "the database is away")

    async with start_host(settings={"recording": SMALL}) as host:
        ada = await Somebody(host, "ada", "instructor").join()
        await ada.call("StartRecording")
        for operation, state in (("PauseRecording", "recording"), ("ResumeRecording", "paused")):
            with monkeypatch.context() as patch:
                patch.setattr(store, "paused", away)
                assert await ada.refused(operation) == "database_unavailable"
            assert (await ada.call("GetRecordingStatus")).state == state
            await ada.call("PauseRecording")


async def test_what_is_deleted_is_gone(start_host: StartHost) -> None:
    async with start_host(settings={"recording": SMALL}) as host:
        ada = await Somebody(host, "ada", "instructor").join()
        started = await ada.call("StartRecording")
        caller = ada.caller
        with pytest.raises(Exception, match="stop the recording first"):
            await host.call("DeleteRecording", caller, recording_id=started.recording_id)
        await trio.sleep(1.0)  # of class
        await ada.call("StopRecording")
        await until(host, started.recording_id, "AVAILABLE")
        studio = host.context("recording").state
        assert list(studio.place.kept.rglob("*.mp4"))
        assert (await host.call("DeleteRecording", caller, recording_id=started.recording_id)).changed
        with pytest.raises(Exception, match="there is no recording"):
            await host.call("GetRecording", caller, recording_id=started.recording_id)
        assert (await ada.call("ListRecordings")).recordings == ()
        left: list[Path] = []
        with trio.move_on_after(20):
            while left := [path for path in studio.place.root.rglob("*") if started.recording_id in path.parts]:
                await trio.sleep(0.1)
        assert left == []


async def test_who_may(start_host: StartHost) -> None:
    async with start_host(
        settings={"recording": SMALL + "\n[plugins.recording]\n".replace("[plugins.recording]", "")}
    ) as host:
        ada, ben = await Somebody(host, "ada", "instructor").join(), await Somebody(host, "ben").join()
        for operation in ("StartRecording", "StopRecording", "PauseRecording", "ResumeRecording"):
            assert await ben.refused(operation) == "forbidden"
            assert await Somebody(host, "eve", "assistant").refused(operation) == "not_in_room"
        assert await Somebody(host, "eve").refused("GetRecordingStatus") == "not_in_room"
        started = await host.call("StartRecording", SERVICE, session_id=ROOM)
        elsewhere = Caller(role="instructor", subject="max", session_id="biology")
        for operation in ("GetRecording", "DeleteRecording", "MakeTracks"):
            with pytest.raises(Exception, match="there is no recording"):
                await host.call(operation, elsewhere, recording_id=started.recording_id)
        with pytest.raises(Exception, match="session_id"):
            await host.call("ListRecordings", elsewhere, session_id=ROOM)
        for operation in ("DeleteRecording", "MakeTracks", "RebuildRecording"):
            with pytest.raises(Exception, match="is for"):
                await host.call(operation, ben.caller, recording_id=started.recording_id)
        assert (await ada.call("StopRecording")).state == "PROCESSING"
        assert (await host.call("GetRecording", ben.caller, recording_id=started.recording_id)).title == ROOM


async def test_a_class_goes_on_after_a_restart_of_the_host(start_host: StartHost) -> None:
    async with start_host(settings={"recording": SMALL}) as host:
        ada = await Somebody(host, "ada", "instructor").join()
        started = await ada.call("StartRecording")
        await ada.call("PauseRecording")
    async with start_host(settings={"recording": SMALL}) as host:
        ben = await Somebody(host, "ben").join()
        await ben.hears("RecordingChanged", state="paused", recording_id=started.recording_id)
        ada = await Somebody(host, "ada", "instructor").join()
        await ada.call("ResumeRecording")
        await trio.sleep(1.0)  # of class
        assert (await ada.call("StopRecording")).recording_id == started.recording_id
        await until(host, started.recording_id, "AVAILABLE")
