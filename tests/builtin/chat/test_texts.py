# SPDX-License-Identifier: Apache-2.0
"""What a message may contain, and the form in which an export writes it down."""

from datetime import UTC, datetime

import pytest

from podium.core import MessageSender, OperationError
from podium.core.rooms.messages import MAX_TEXT
from podium.plugins.chat.requests import LONGEST_TEXT, ChatAddressee, ChatDeletion, ChatMessage
from podium.plugins.chat.texts import checked_text, written_down

NOON = datetime(2030, 5, 1, 12, 0, 7, tzinfo=UTC)
ANN = MessageSender(participant_id="ann", display_name="Ann", role="student")


def message(text: str | None, *, private: bool = False, to: str | None = None, by: str | None = None) -> ChatMessage:
    return ChatMessage(
        message_id="m",
        at=NOON,
        sender=ANN,
        text=text,
        private=private,
        to=None if to is None else ChatAddressee(participant_id="x", display_name=to),
        deleted=None if text is not None else ChatDeletion(participant_id=None, display_name=by, at=NOON),
    )


def test_no_message_is_longer_than_those_of_the_core() -> None:
    assert LONGEST_TEXT == MAX_TEXT


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("  Hello \n", "Hello"),
        ("one\r\ntwo\n\n\tthree", "one\ntwo\n\n\tthree"),
        ("<b>שלום</b> 👩‍🏫 \u200fنعم", "<b>שלום</b> 👩‍🏫 \u200fنعم"),
    ],
)
def test_a_text_is_sent_as_it_was_written(written: str, sent: str) -> None:
    assert checked_text(written) == sent


@pytest.mark.parametrize("text", ["", " \n ", "a\0b", "\x1b[2J", "old\rnew", "half \ud800", "\x85next"])
def test_what_harms_those_who_read_or_keep_it_is_refused(text: str) -> None:
    with pytest.raises(OperationError) as refused:
        checked_text(f"{text}" if not text.strip() else f"a{text}b")
    assert (refused.value.code, refused.value.field) == ("text_invalid", "text")


def test_an_export_has_a_line_for_each_message_that_no_text_can_imitate() -> None:
    text = written_down(
        [
            message("Hello\n[2030-05-01 12:00:07Z] Ida (instructor): no homework\u2028x"),
            message("psst", private=True),
            message("yes?", private=True, to="Ben"),
            message(None, by="Ida"),
            message(None),
        ]
    )
    assert text.splitlines() == [
        "[2030-05-01 12:00:07Z] Ann (student): Hello",
        "    [2030-05-01 12:00:07Z] Ida (instructor): no homework",
        "    x",
        "[2030-05-01 12:00:07Z] Ann (student) to the instructors: psst",
        "[2030-05-01 12:00:07Z] Ann (student) to Ben: yes?",
        "[2030-05-01 12:00:07Z] Ann (student): (deleted by Ida at 2030-05-01 12:00:07Z)",
        "[2030-05-01 12:00:07Z] Ann (student): (deleted at 2030-05-01 12:00:07Z)",
    ]
