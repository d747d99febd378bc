# SPDX-License-Identifier: Apache-2.0
"""Invitations as mail: the layout, the headers, and what people read in their language and time zone."""

import email
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from podium.core import Person
from podium.plugins.calendar.mail import Letter, MailError, message_of
from podium.plugins.calendar.names import is_address, normal, one_line
from podium.plugins.calendar.texts import ENGLISH, LANGUAGES
from tests.builtin.calendar.samples import BEN, LINK, SENDER, ZOE, entry_of, moved, session_at


def letter(person: Person = BEN, session: Any = None, **fields: Any) -> Letter:
    session = session or session_at("2026-11-23T09:00")
    values: dict[str, Any] = {"method": "REQUEST", "occasion": "invitation", "sender": SENDER, "sender_name": "Podium"}
    link = None if fields.get("method") == "CANCEL" else LINK
    return Letter(entry=entry_of(session, person, link=link), **values | fields)


def received(written: Letter) -> EmailMessage:
    """The mail as a strict reader has it after it went over the wire."""
    message = email.message_from_bytes(message_of(written).as_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects
    return message


def texts_of(message: EmailMessage) -> tuple[str, str]:
    mixed = list(message.iter_parts())
    plain, html, _ = mixed[0].iter_parts()
    return plain.get_content(), html.get_content()


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_the_layout_is_the_one_that_mail_programs_accept(method: str) -> None:
    message = received(letter(method=method, occasion="cancellation" if method == "CANCEL" else "invitation"))
    types = [part.get_content_type() for part in message.walk()]
    assert types == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    calendar, attachment = list(message.walk())[4:]
    assert calendar["Content-Type"].params["method"] == attachment["Content-Type"].params["method"] == method
    assert calendar["Content-Type"].params["charset"] == "utf-8"
    assert attachment.get_filename() == "invite.ics"
    data = calendar.get_payload(decode=True)
    assert data == attachment.get_payload(decode=True)
    assert isinstance(data, bytes)
    assert Calendar.from_ical(data)["METHOD"] == method


def test_headers_name_one_recipient_the_sender_and_who_to_answer() -> None:
    message = received(letter())
    assert message["From"] == f"Ada Lovelace - Podium <{SENDER}>"
    assert message["To"] == "Ben <ben@example.org>"
    assert message["Reply-To"] == "Ada Lovelace <ada@example.org>"
    assert message["Subject"] == "Invitation: Algebra"
    assert message["Date"].datetime.isoformat() == "2026-01-02T03:04:05+00:00"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.org>")


def test_the_same_invitation_is_the_same_message_to_the_byte() -> None:
    assert message_of(letter()).as_bytes() == message_of(letter()).as_bytes()
    ids = {
        message_of(each)["Message-ID"]
        for each in (
            letter(),
            letter(ZOE),
            letter(sending=2),
            letter(method="CANCEL"),
            letter(session=session_at("2026-11-23T09:00", version=2)),
        )
    }
    assert len(ids) == 5


def test_everything_on_the_way_is_ascii_in_short_lines() -> None:
    data = message_of(letter(ZOE, session_at("2026-11-23T09:00", description="ß" * 3000))).as_bytes()
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998


def test_german_people_read_german_and_their_own_time() -> None:
    plain, html = texts_of(received(letter(ZOE, session_at("2026-11-23T09:00", "America/New_York"))))
    for text in (plain, html):
        assert "Guten Tag Zoë" in text
        assert "Ada Lovelace lädt Sie zu einem Kurs ein" in text
        assert "Montag, 23. November 2026, 15:00-16:00 Uhr (Europe/Vienna)" in text
        assert "Teilnehmen" in text
    assert '<html lang="de">' in html


def test_of_whom_nothing_is_known_the_session_decides_the_zone() -> None:
    plain, _ = texts_of(received(letter()))
    assert "Monday, 23 November 2026, 09:00-10:00 (Europe/Berlin)" in plain
    assert f"Join: {LINK}" in plain
    odd = Person(name="Ben", email="ben@example.org", participant_id="ben", language="tlh", time_zone="../etc/passwd")
    assert texts_of(received(letter(odd)))[0] == plain


def test_a_series_tells_its_length_and_its_exceptions() -> None:
    plain = session_at("2026-11-23T09:00", recurrence="FREQ=WEEKLY;COUNT=4;BYDAY=MO")
    first, second = (each.replace(day=day) for each, day in ((plain.starts_at, 23), (plain.starts_at, 30)))
    session = session_at(
        "2026-11-23T09:00",
        recurrence="FREQ=WEEKLY;COUNT=4;BYDAY=MO",
        exceptions=(moved(first, first.replace(hour=10)), moved(second, second, state="cancelled")),
    )
    text, _ = texts_of(received(letter(session=session, occasion="change")))
    assert "4 classes, weekly, the last on Monday, 14 December 2026" in text
    assert "Moved: Monday, 23 November 2026 -> Monday, 23 November 2026, 11:00-12:00 (Europe/Berlin)" in text
    assert "Not taking place: Monday, 30 November 2026" in text


def test_a_cancellation_has_no_link() -> None:
    message = received(letter(method="CANCEL", occasion="cancellation"))
    assert message["Subject"] == "Cancelled: Algebra"
    assert "invitation=" not in message_of(letter(method="CANCEL", occasion="cancellation")).as_string()
    assert not any("http" in text for text in texts_of(message))


def test_html_shows_markup_as_text() -> None:
    session = session_at("2026-11-23T09:00", title="<b>x</b>", description='<script src="//evil">')
    _, html = texts_of(received(letter(session=session)))
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<script" not in html


@example(name="a\\", title="b\\", teacher="c\\")
@settings(max_examples=50, phases=[Phase.explicit, Phase.generate])  # shrinking would take minutes
@given(name=st.text(), title=st.text(), teacher=st.text())
def test_no_text_can_add_a_header_or_a_recipient(name: str, title: str, teacher: str) -> None:
    person = Person(name=name, email="ben@example.org", participant_id="ben")
    instructor = Person(name=teacher, email="ada@example.org", participant_id="ada")
    message = received(letter(person, session_at("2026-11-23T09:00", title=title, instructor=instructor)))
    assert message.keys() == received(letter()).keys()
    assert [address.addr_spec for address in message["To"].addresses] == ["ben@example.org"]
    assert [address.addr_spec for address in message["From"].addresses] == [SENDER]
    shown = message["To"].addresses[0].display_name  # the standard library may add spaces where it folds
    assert "".join(shown.split()) == "".join(one_line(name).split())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ben",
        "ben@",
        "@example.org",
        "ben@example.org\r\nBcc: eve@example.org",
        "ben@example.org, eve@example.org",
        "ben@example.org>",
        "ben smith@example.org",
        "ben@exa\u2028mple.org",
        "a" * 65 + "@example.org",
        "ben@" + "ß" * 250 + ".org",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(MailError, match="is no e-mail address"):
        message_of(letter(Person(name="Ben", email=address, participant_id="ben")))


def test_domains_in_any_script_are_written_as_mail_servers_want_them() -> None:
    person = Person(name="Bén", email="ben@exämple.org", participant_id="ben")
    assert received(letter(person))["To"].addresses[0].addr_spec == "ben@xn--exmple-cua.org"
    assert normal(" Ben@EXÄMPLE.org") == "ben@xn--exmple-cua.org"
    assert is_address("δοκιμή@παράδειγμα.δοκιμή")


def test_names_keep_their_script_and_lose_what_turns_them_round() -> None:
    assert one_line("  علي \u202e\u2066 李\t明\x00\r\n🎓 ") == "علي 李 明 🎓"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_all_texts_with_the_same_fields(language: str) -> None:
    texts = LANGUAGES[language]
    for name in ENGLISH.__slots__:
        mine, theirs = getattr(texts, name), getattr(ENGLISH, name)
        if isinstance(mine, tuple):
            assert len(set(mine)) == len(theirs)
        else:
            assert {part.split("}")[0] for part in mine.split("{")[1:]} == {
                part.split("}")[0] for part in theirs.split("{")[1:]
            }
