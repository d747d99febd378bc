# SPDX-License-Identifier: Apache-2.0
"""How invitations stand: what was sent to whom, and what they answered. Functions for one transaction each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from podium.plugins.calendar.replies import Reply
from podium.plugins.calendar.store import person_of
from podium.plugins.calendar.tables import invitations, replies

Answer = Literal["needs-action", "accepted", "declined", "tentative", "delegated"]


class ClassAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody answered for one class of a series; `starts_at` is when its rule has it, `20261123T080000Z`."""

    starts_at: str
    answer: Answer


class InvitationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The newest mail to one person about a session, and their answer.

    `state`: `pending` waits (`next_attempt_at`, `last_error` says why after a try), `sending`, `sent` to the mail
    server, or `failed` for good. `method` is REQUEST or CANCEL.
    """

    recipient: str
    name: str
    participant_id: str
    method: str
    sequence: int
    state: str
    attempts: int
    next_attempt_at: datetime | None
    sent_at: datetime | None
    last_error: str | None
    answer: Answer
    class_answers: tuple[ClassAnswer, ...]


def statuses(
    session: Session, session_id: str, after: str, most: int, only: str | None = None
) -> list[InvitationStatus]:
    """The people of a session in the order of their addresses, from behind one on; or `only` one of them."""
    mine = sa.and_(
        invitations.c.session_id == session_id, invitations.c.state != "superseded", invitations.c.recipient > after
    )
    if only is not None:
        mine = sa.and_(mine, invitations.c.recipient == only)
    newest = sa.select(sa.func.max(invitations.c.id)).where(mine).group_by(invitations.c.recipient)
    rows = session.execute(
        sa.select(invitations).where(invitations.c.id.in_(newest)).order_by(invitations.c.recipient).limit(most)
    ).all()
    answers = _answers(session, session_id, [row.recipient for row in rows])
    return [_status(row, answers) for row in rows]


def _answers(session: Session, session_id: str, recipients: Sequence[str]) -> dict[tuple[str, str], Answer]:
    query = sa.select(replies.c.recipient, replies.c.recurrence_id, replies.c.status).where(
        replies.c.session_id == session_id, replies.c.recipient.in_(recipients)
    )
    return {(row.recipient, row.recurrence_id): row.status for row in session.execute(query)}


def _status(row: Any, answers: dict[tuple[str, str], Answer]) -> InvitationStatus:
    person = person_of(row.person)
    of_classes = sorted((which, answer) for (who, which), answer in answers.items() if who == row.recipient and which)
    return InvitationStatus(
        recipient=row.recipient,
        name=person.name,
        participant_id=person.participant_id,
        method=row.method,
        sequence=row.sequence,
        state=row.state,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at if row.state == "pending" else None,
        sent_at=row.sent_at,
        last_error=row.last_error,
        answer=answers.get((row.recipient, ""), "needs-action"),
        class_answers=tuple(ClassAnswer(starts_at=which, answer=answer) for which, answer in of_classes),
    )


def take_reply(session: Session, reply: Reply, now: datetime) -> bool:
    """Keep an answer; False when nobody with this address was invited to this session. An older one changes nothing."""
    invited = sa.select(invitations.c.id).where(
        invitations.c.session_id == reply.session_id, invitations.c.recipient == reply.recipient
    )
    if session.execute(invited.limit(1)).first() is None:
        return False
    key = sa.and_(
        replies.c.session_id == reply.session_id,
        replies.c.recipient == reply.recipient,
        replies.c.recurrence_id == reply.recurrence_id,
    )
    values = {
        "status": reply.status.lower(),
        "sequence": reply.sequence,
        "stamp": reply.stamp,
        "received_at": now,
    }
    present = session.execute(sa.select(replies.c.sequence, replies.c.stamp).where(key).with_for_update()).one_or_none()
    if present is None:
        session.execute(
            sa.insert(replies).values(
                session_id=reply.session_id,
                recipient=reply.recipient,
                recurrence_id=reply.recurrence_id,
                **values,
            )
        )
    elif (reply.sequence, reply.stamp) >= (present.sequence, present.stamp):
        session.execute(sa.update(replies).where(key).values(values))
    return True
