# SPDX-License-Identifier: Apache-2.0
"""People without cameras in a room over the real signaling socket."""

import pytest

from podium.hosts.testing import CallError, Host


def test_those_who_join_hear_of_each_other(host: Host) -> None:
    room = host.room()
    ada = room.join("Ada")
    ben = room.join("Ben", role="instructor", participant_id="ben")
    assert ben.joined["participants"][0]["display_name"] == "Ada"
    assert ada.wait_for("ParticipantJoined")["participant"]["role"] == "instructor"
    ben.leave()
    assert ben.closed is not None
    assert ada.wait_for("ParticipantLeft", participant_id="ben", reason="left")
    assert [event["type"] for event in ada.events] == ["Joined", "ParticipantJoined", "ParticipantLeft"]


def test_somebody_who_hangs_up_is_gone_as_well(host: Host) -> None:
    room = host.room()
    ada, ben = room.join("Ada"), room.join("Ben")
    ben.close()
    ada.wait_for("ParticipantLeft", participant_id=ben.participant_id, reason="disconnected")


def test_operations_are_asked_as_that_person(host: Host) -> None:
    ada = host.room("algebra").join("Ada", participant_id="ada")
    assert ada.call("Echo", session_id="algebra", words=["hear"]) == {"text": "hear", "by": "ada"}
    with pytest.raises(CallError) as refused:
        ada.call("Echo", session_id="algebra", word="hear")
    assert (refused.value.code, refused.value.field, refused.value.status) == ("field_unknown", "word", None)


def test_a_veto_is_an_error_with_its_code(host: Host) -> None:
    with pytest.raises(CallError) as refused:
        host.room().join("Mallory")
    assert (refused.value.code, refused.value.message) == ("unwelcome", "not you")


def test_grants_come_with_the_token(host: Host) -> None:
    assert host.room("algebra").join("Ada", grants=["record"]).call("WhoAmI")["grants"] == ["record"]


def test_each_event_is_given_once(host: Host) -> None:
    room = host.room()
    ada = room.join("Ada")
    room.join("Ben")
    room.join("Cleo")
    names = [ada.wait_for("ParticipantJoined")["participant"]["display_name"] for _ in range(2)]
    assert names == ["Ben", "Cleo"]


def test_what_does_not_come_is_said_with_what_came(host: Host) -> None:
    ada = host.room().join("Ada")
    with pytest.raises(AssertionError, match=r"Ada was not told Speaking participant_id='x' within 0.01 s") as missing:
        ada.wait_for("Speaking", timeout=0.01, participant_id="x")
    assert '"type": "Joined"' in str(missing.value)


def test_who_has_left_can_ask_for_nothing(host: Host) -> None:
    ada = host.room().join("Ada")
    ada.leave()
    ada.leave()
    with pytest.raises(CallError) as refused:
        ada.call("WhoAmI")
    assert refused.value.code == "socket_closed"
