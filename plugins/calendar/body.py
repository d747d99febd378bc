# SPDX-License-Identifier: Apache-2.0
"""What people read in an invitation: subject, plain text and HTML, in their language and time zone where known."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from podium.plugins.calendar.events import Entry
from podium.plugins.calendar.names import lines, one_line
from podium.plugins.calendar.occurrences import Class, classes
from podium.plugins.calendar.texts import Texts, texts_for

Occasion = Literal["invitation", "change", "cancellation"]
EXCEPTIONS = 10
"""Moved and cancelled classes that are listed; the calendar has all."""
STYLE = "font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a"
BUTTON = "display:inline-block;padding:10px 20px;border-radius:6px;background:#1f5fbf;color:#ffffff"


@dataclass(frozen=True, slots=True)
class Body:
    """The parts of a mail that are for people."""

    subject: str
    plain: str
    html: str


def body_of(entry: Entry, occasion: Occasion) -> Body:
    """What to say of a session on an occasion."""
    texts, title = texts_for(entry.person.language), one_line(entry.session.title)
    names = {"name": one_line(entry.person.name), "instructor": one_line(entry.session.instructor.name)}
    subject, opening = {
        "invitation": (texts.invited, texts.invites),
        "change": (texts.updated, texts.changes),
        "cancellation": (texts.cancelled, texts.cancels),
    }[occasion]
    facts = list(_facts(entry, texts, occasion))
    opening = f"{texts.hello.format(**names)}\n\n{opening.format(**names)}"
    description = "" if occasion == "cancellation" else lines(entry.session.description)
    link = None if occasion == "cancellation" else entry.link
    return Body(
        subject=subject.format(title=title),
        plain=_plain(opening, title, facts, description, link, texts),
        html=_html(opening, title, facts, description, link, texts),
    )


def _facts(entry: Entry, texts: Texts, occasion: Occasion) -> Iterator[str]:
    zone, found = zone_of(entry), classes(entry.session)
    first = found[0]
    begin, end = first.planned.astimezone(zone), entry.session.ends_at.astimezone(zone)
    yield f"{texts.when}: {texts.period(begin, end)}"
    if len(found) > 1:
        yield texts.series.format(count=len(found), last=texts.day(found[-1].planned.astimezone(zone)))
        if occasion != "cancellation":
            yield from islice(_exceptions(found, zone, texts), EXCEPTIONS)
    yield f"{texts.teacher}: {one_line(entry.session.instructor.name)}"


def _exceptions(found: tuple[Class, ...], zone: ZoneInfo, texts: Texts) -> Iterator[str]:
    for each in found:
        planned = texts.day(each.planned.astimezone(zone))
        if each.is_cancelled:
            yield texts.series_off.format(planned=planned)
        elif each.is_moved:
            now = texts.period(each.starts_at.astimezone(zone), each.ends_at.astimezone(zone))
            yield texts.series_moved.format(planned=planned, now=now)


def zone_of(entry: Entry) -> ZoneInfo:
    """Where the person reads times; the session's own zone when that is not known."""
    try:
        return ZoneInfo(entry.person.time_zone or entry.session.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(entry.session.time_zone)


def _plain(opening: str, title: str, facts: list[str], description: str, link: str | None, texts: Texts) -> str:
    parts = [opening, "\n".join((title, *facts)), description]
    if link is not None:
        parts.append(f"{texts.join}: {link}\n{texts.personal}")
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(opening: str, title: str, facts: list[str], description: str, link: str | None, texts: Texts) -> str:
    parts = [_paragraph(part) for part in opening.split("\n\n")]
    parts.append(f'<h1 style="font-size:20px">{escape(title)}</h1>')
    parts.append(_paragraph("\n".join(facts)))
    if description:
        parts.append(_paragraph(description))
    if link is not None:
        parts.append(f'<p><a href="{escape(link)}" style="{BUTTON}">{escape(texts.join)}</a></p>')
        parts.append(_paragraph(f"{link}\n{texts.personal}"))
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="{texts.language}"><head><meta charset="utf-8">'
        f'<title>{escape(title)}</title></head>\n<body style="{STYLE}">\n{body}\n</body></html>\n'
    )


def _paragraph(text: str) -> str:
    return "<p>" + escape(text).replace("\n", "<br>\n") + "</p>"
