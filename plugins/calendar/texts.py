# SPDX-License-Identifier: Apache-2.0
"""What people read, in their language. A further language is one more `Texts` in `LANGUAGES`.

Dates are written by these tables rather than by the machine's locale, which knows only what is installed.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Texts:
    """One language. In `date` and `day`: {weekday}, {day}, {month}, {year}; in the others what they are about."""

    language: str
    invited: str
    updated: str
    cancelled: str
    hello: str
    invites: str
    changes: str
    cancels: str
    when: str
    date: str
    span: str
    long_span: str
    series: str
    series_moved: str
    series_off: str
    teacher: str
    join: str
    personal: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]

    def day(self, at: datetime) -> str:
        """`Monday, 23 November 2026`"""
        return self.date.format(
            weekday=self.weekdays[at.weekday()], day=at.day, month=self.months[at.month - 1], year=at.year
        )

    def period(self, begin: datetime, end: datetime) -> str:
        """`Monday, 23 November 2026, 09:00-10:00 (Europe/Berlin)`; both times are in the reader's zone."""
        zone = getattr(begin.tzinfo, "key", "UTC")
        form = self.span if begin.date() == end.date() else self.long_span
        return form.format(
            date=self.day(begin), begin=f"{begin:%H:%M}", end=f"{end:%H:%M}", last=self.day(end), zone=zone
        )


ENGLISH = Texts(
    language="en",
    invited="Invitation: {title}",
    updated="Changed: {title}",
    cancelled="Cancelled: {title}",
    hello="Hello {name},",
    invites="{instructor} invites you to a class.",
    changes="{instructor} has changed a class that you are invited to. This is how it is now.",
    cancels="this class is cancelled, or you are no longer invited to it.",
    when="When",
    date="{weekday}, {day} {month} {year}",
    span="{date}, {begin}-{end} ({zone})",
    long_span="{date}, {begin} until {last}, {end} ({zone})",
    series="{count} classes, weekly, the last on {last}",
    series_moved="Moved: {planned} -> {now}",
    series_off="Not taking place: {planned}",
    teacher="Instructor",
    join="Join",
    personal="This link is yours alone; please do not pass it on.",
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
)
GERMAN = Texts(
    language="de",
    invited="Einladung: {title}",
    updated="Geändert: {title}",
    cancelled="Abgesagt: {title}",
    hello="Guten Tag {name},",
    invites="{instructor} lädt Sie zu einem Kurs ein.",
    changes="{instructor} hat einen Kurs geändert, zu dem Sie eingeladen sind. So ist er jetzt geplant.",
    cancels="dieser Kurs ist abgesagt, oder Sie sind nicht mehr dazu eingeladen.",
    when="Wann",
    date="{weekday}, {day}. {month} {year}",
    span="{date}, {begin}-{end} Uhr ({zone})",
    long_span="{date}, {begin} Uhr bis {last}, {end} Uhr ({zone})",
    series="{count} Termine, wöchentlich, der letzte am {last}",
    series_moved="Verschoben: {planned} -> {now}",
    series_off="Fällt aus: {planned}",
    teacher="Leitung",
    join="Teilnehmen",
    personal="Dieser Link gilt nur für Sie; bitte geben Sie ihn nicht weiter.",
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    months=(
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
)
LANGUAGES = {texts.language: texts for texts in (ENGLISH, GERMAN)}


def texts_for(language: str | None) -> Texts:
    """The texts for a BCP 47 tag such as `de-AT`; English for what is not known."""
    return LANGUAGES.get((language or "").split("-")[0].strip().lower(), ENGLISH)
