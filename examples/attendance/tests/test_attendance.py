# SPDX-License-Identifier: Apache-2.0
"""The plugin in a running Podium. The fixtures `podium_...` come with Podium."""

import csv
import io
from typing import Any

import pytest
from podium.hosts.testing import CallError, Client, Host, Room


def listed(client: Any, room: Room) -> dict[str, Any]:
    """By name."""
    answer = client.call("ListAttendance", session_id=room.session_id)
    return {each["display_name"]: each for each in answer["attendees"]}


def test_an_instructor_sees_who_comes_and_goes(podium_room: Room) -> None:
    grace = podium_room.join("Grace", role="instructor")
    ada = podium_room.join("Ada")
    told = wait_for(grace, ada.participant_id, present=True)
    assert told["display_name"] == "Ada"
    ada.leave()
    told = wait_for(grace, ada.participant_id, present=False)
    assert told["last_left_at"] is not None
    people = listed(grace, podium_room)
    assert list(people) == ["Grace", "Ada"]
    assert people["Grace"]["present_since"] is not None
    assert people["Ada"] == told | {"seconds": people["Ada"]["seconds"]}


def wait_for(watcher: Any, participant_id: str, *, present: bool) -> dict[str, Any]:
    """The news of somebody who came, or went."""
    while True:
        attendee: dict[str, Any] = watcher.wait_for("AttendanceChanged")["attendee"]
        if attendee["participant_id"] == participant_id and (attendee["present_since"] is not None) is present:
            return attendee


def test_students_neither_see_nor_ask(podium_room: Room) -> None:
    grace, ada = podium_room.join("Grace", role="instructor"), podium_room.join("Ada")
    wait_for(grace, ada.participant_id, present=True)
    for operation in ("ListAttendance", "ExportAttendance"):
        with pytest.raises(CallError) as refused:
            ada.call(operation, session_id=ada.session_id)
        assert refused.value.code == "forbidden"
    assert "AttendanceChanged" not in [event["type"] for event in ada.events]


def test_the_sheet_of_a_class(podium_room: Room, podium_client: Client) -> None:
    grace = podium_room.join("=Grace()", role="instructor")
    wait_for(grace, grace.participant_id, present=True)
    sheet = podium_client.call("ExportAttendance", session_id=podium_room.session_id)
    assert sheet["filename"].startswith(f"attendance-{podium_room.session_id}-")
    (_, line) = csv.reader(io.StringIO(sheet["csv"], newline=""))
    assert line[:3] == ["'=Grace()", "instructor", grace.participant_id]


def test_coming_back_soon_is_one_stay(podium_room: Room, podium_client: Client) -> None:
    grace = podium_room.join("Grace", role="instructor")
    for _ in range(2):
        ada = podium_room.join("Ada", participant_id="ada")
        wait_for(grace, "ada", present=True)
        ada.leave()
        wait_for(grace, "ada", present=False)
    assert listed(podium_client, podium_room)["Ada"]["stays"] == 1


@pytest.mark.podium(config="[plugins.attendance]\nrejoin_seconds = 0\n")
def test_coming_back_late_is_another_stay(podium_room: Room, podium_client: Client) -> None:
    grace = podium_room.join("Grace", role="instructor")
    for _ in range(2):
        ada = podium_room.join("Ada", participant_id="ada")
        wait_for(grace, "ada", present=True)
        ada.leave()
        wait_for(grace, "ada", present=False)
    assert listed(podium_client, podium_room)["Ada"]["stays"] == 2


def test_observers_are_not_listed(podium_room: Room) -> None:
    grace = podium_room.join("Grace", role="instructor")
    podium_room.join("Olga", role="observer")
    ada = podium_room.join("Ada")
    wait_for(grace, ada.participant_id, present=True)
    assert list(listed(grace, podium_room)) == ["Grace", "Ada"]


@pytest.mark.podium(config="[plugins.attendance]\nobservers = true\n")
def test_observers_are_listed_on_request(podium_room: Room) -> None:
    grace, olga = podium_room.join("Grace", role="instructor"), podium_room.join("Olga", role="observer")
    wait_for(grace, olga.participant_id, present=True)
    assert list(listed(grace, podium_room)) == ["Grace", "Olga"]


def test_a_restart_in_the_middle_ends_stays_and_who_comes_back_goes_on(
    podium_host: Host, podium_room: Room, podium_client: Client
) -> None:
    grace = podium_room.join("Grace", role="instructor", participant_id="grace")
    wait_for(grace, "grace", present=True)
    podium_host.restart()
    before = listed(podium_client, podium_room)["Grace"]
    assert before["last_left_at"] is not None
    grace = podium_room.join("Grace", role="instructor", participant_id="grace")
    wait_for(grace, "grace", present=True)
    after = listed(podium_client, podium_room)["Grace"]
    assert (after["first_joined_at"], after["stays"], after["last_left_at"]) == (before["first_joined_at"], 1, None)


def test_enabled_in_the_middle_of_a_class_it_begins_with_who_is_there(
    podium_host: Host, podium_room: Room, podium_client: Client
) -> None:
    podium_host.disable("attendance")
    podium_room.join("Ada")
    podium_host.enable("attendance")
    assert listed(podium_client, podium_room)["Ada"]["present_since"] is not None
    podium_host.disable("attendance")
    podium_host.enable("attendance")
    assert listed(podium_client, podium_room)["Ada"]["stays"] == 1


@pytest.mark.podium(config="[plugins.attendance]\nkeep_days = 0\n", allow_failed=True)
def test_a_wrong_setting_is_refused_by_name(podium_host: Host) -> None:
    problem = podium_host.plugins()["attendance"].last_error
    assert problem is not None
    assert "plugins.attendance.keep_days" in problem


def test_browsers_get_the_panel(podium_client: Client) -> None:
    panel = podium_client.get("/plugins/attendance/static/panel.js")
    assert panel.status == 200
    assert "export function mount" in panel.text
    assert "innerHTML" not in panel.text


def test_nothing_stays_when_it_is_disabled(podium_host: Host, podium_client: Client) -> None:
    podium_host.disable("attendance")
    with pytest.raises(CallError) as refused:
        podium_client.call("ListAttendance", session_id="algebra")
    assert refused.value.code == "operation_unknown"
    assert podium_client.get("/plugins/attendance/static/panel.js").status == 404
