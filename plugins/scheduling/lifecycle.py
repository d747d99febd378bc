# SPDX-License-Identifier: Apache-2.0
"""The life of a class: SCHEDULED -> OPEN -> LIVE -> ENDED, as far as time and presence drive it. No clock, no database.

OPEN is when everybody may enter; LIVE when, from then on, somebody is in. Both last until the end: a class whose room
is empty for a while, or whose host was restarted, goes on. It ends by itself a grace period after its planned end, and
is warned before. CANCELLED, and ENDED by an instructor, are somebody's decision and final.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from podium.core import SessionState
from podium.plugins.scheduling._config import SchedulingConfig

Step = Literal["opened", "live", "ending", "ended"]

WAITING: tuple[SessionState, ...] = ("scheduled",)
RUNNING: tuple[SessionState, ...] = ("open", "live")
ACTIVE: tuple[SessionState, ...] = (*WAITING, *RUNNING)
OVER: tuple[SessionState, ...] = ("ended", "cancelled")


@dataclass(frozen=True, slots=True)
class Rules:
    """How long before and after its planned times a class may be entered and is closed."""

    window: timedelta = timedelta(minutes=10)
    instructor_window: timedelta = timedelta(minutes=30)
    grace: timedelta = timedelta(minutes=15)
    warning: timedelta = timedelta(minutes=5)

    @classmethod
    def of(cls, config: SchedulingConfig) -> "Rules":
        return cls(
            window=timedelta(minutes=config.join_window_minutes),
            instructor_window=timedelta(minutes=config.instructor_window_minutes),
            grace=timedelta(minutes=config.grace_minutes),
            warning=timedelta(minutes=config.warning_minutes),
        )

    def opens_at(self, starts_at: datetime, role: str = "student") -> datetime:
        """When somebody of this role may enter."""
        window = max(self.window, self.instructor_window) if role == "instructor" else self.window
        return starts_at - window

    def closes_at(self, ends_at: datetime) -> datetime:
        return ends_at + self.grace

    def warns_at(self, ends_at: datetime) -> datetime:
        return self.closes_at(ends_at) - self.warning


@dataclass(frozen=True, slots=True)
class Course:
    """Where a class is in its life; `warned` once its people know that it will be closed."""

    state: SessionState
    starts_at: datetime
    ends_at: datetime
    warned: bool = False


def advance(course: Course, now: datetime, *, occupied: bool, rules: Rules) -> tuple[Course, tuple[Step, ...]]:
    """The same class at this time, and what happened on the way. `occupied`: whether somebody is in its room now."""
    if course.state in OVER:
        return course, ()
    if now >= rules.closes_at(course.ends_at):
        return replace(course, state="ended"), ("ended",)
    steps: list[Step] = []
    if course.state == "scheduled" and now >= rules.opens_at(course.starts_at):
        course = replace(course, state="open")
        steps.append("opened")
    if course.state == "open" and occupied:
        course = replace(course, state="live")
        steps.append("live")
    if course.state in RUNNING and not course.warned and now >= rules.warns_at(course.ends_at):
        course = replace(course, warned=True)
        steps.append("ending")
    return course, tuple(steps)


def next_look(course: Course, rules: Rules) -> datetime | None:
    """When time alone will change something; None for a class that is over."""
    if course.state in OVER:
        return None
    if course.state in WAITING:
        return min(rules.opens_at(course.starts_at), rules.closes_at(course.ends_at))
    return rules.closes_at(course.ends_at) if course.warned else rules.warns_at(course.ends_at)


def rescheduled(course: Course, starts_at: datetime, ends_at: datetime, now: datetime, rules: Rules) -> Course:
    """The same class at other times: one that is open closes again when its new opening lies ahead."""
    state = course.state
    if state == "open" and now < rules.opens_at(starts_at):
        state = "scheduled"
    return Course(state, starts_at, ends_at, warned=course.warned and now >= rules.warns_at(ends_at))
