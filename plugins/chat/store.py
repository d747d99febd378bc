# SPDX-License-Identifier: Apache-2.0
"""The statements of the chat: functions that run in one transaction each, in a thread of the database's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from podium.core import MessageSender, OperationError
from podium.plugins.chat.requests import ChatAddressee, ChatDeletion, ChatMessage, ChatRules
from podium.plugins.chat.tables import messages, rules


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages of a class.

    `viewer`: whose private messages belong to it, all when None; `public_only`: none at all. `limit` messages before or
    after the message `cursor`; without one the first (`after`) or last ones (`before`).
    """

    session_id: str
    viewer: str | None = None
    public_only: bool = False
    direction: Literal["before", "after"] = "before"
    cursor: str | None = None
    limit: int


# Messages


def add(session: Session, session_id: str, message: ChatMessage, most: int) -> None:
    """Keep a message as the last one of a class, of which there may be `most`.

    Raises OperationError `chat_full` or `message_exists`.
    """
    numbers = sa.select(sa.func.min(messages.c.number), sa.func.max(messages.c.number))
    first, last = session.execute(numbers.where(messages.c.session_id == session_id)).one()
    if last is not None and last - first + 1 >= most:
        raise OperationError("exhausted", "chat_full", f"this class has had all the {most} messages that it may have")
    if find(session, session_id, message.message_id) is not None:
        raise OperationError("conflict", "message_exists", "another message has this id", "message_id")
    session.execute(
        sa.insert(messages),
        {
            "session_id": session_id,
            "number": (last or 0) + 1,
            "message_id": message.message_id,
            "at": message.at,
            "sender_id": message.sender.participant_id,
            "sender_name": message.sender.display_name,
            "sender_role": message.sender.role,
            "private": message.private,
            "to_id": message.to.participant_id if message.to is not None else None,
            "to_name": message.to.display_name if message.to is not None else None,
            "text": message.text,
        },
    )


def find(session: Session, session_id: str, message_id: str) -> ChatMessage | None:
    """One message of a class."""
    row = session.execute(sa.select(messages).where(*_is(session_id, message_id))).mappings().first()
    return None if row is None else _read(row)


def page(session: Session, query: Query) -> tuple[list[ChatMessage], bool]:
    """A page in the order of the messages, and whether there are more further on. Raises OperationError."""
    upward = query.direction == "after"
    number = messages.c.number
    statement = sa.select(messages).where(messages.c.session_id == query.session_id).limit(query.limit + 1)
    statement = statement.order_by(number if upward else number.desc())
    if query.public_only:
        statement = statement.where(messages.c.private.is_(False))
    elif query.viewer is not None:
        mine = (messages.c.sender_id == query.viewer, messages.c.to_id == query.viewer)
        statement = statement.where(sa.or_(messages.c.private.is_(False), *mine))
    if query.cursor is not None:
        place = _number(session, query.session_id, query.cursor)
        statement = statement.where(number > place if upward else number < place)
    rows = list(session.execute(statement).mappings())
    found = [_read(row) for row in rows[: query.limit]]
    return (found if upward else found[::-1]), len(rows) > query.limit


def erase(session: Session, session_id: str, message_id: str, deletion: ChatDeletion) -> bool:
    """Delete the text of a message for good; False when there is none, or no such message."""
    change = {
        "text": None,
        "deleted_at": deletion.at,
        "deleted_by_id": deletion.participant_id,
        "deleted_by_name": deletion.display_name,
    }
    statement = sa.update(messages).where(*_is(session_id, message_id), messages.c.deleted_at.is_(None))
    return session.execute(statement.values(change).returning(messages.c.number)).first() is not None


def prune(session: Session, before: datetime, most: int) -> int:
    """Delete up to so many of the oldest messages from before a time; how many they were."""
    key = (messages.c.session_id, messages.c.number)
    oldest = sa.select(*key).where(messages.c.at < before).order_by(messages.c.at).limit(most)
    found = [tuple(row) for row in session.execute(oldest)]
    if found:
        session.execute(sa.delete(messages).where(sa.tuple_(*key).in_(found)))
    return len(found)


def _is(session_id: str, message_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return messages.c.session_id == session_id, messages.c.message_id == message_id


def _number(session: Session, session_id: str, message_id: str) -> int:
    number: int | None = session.scalar(sa.select(messages.c.number).where(*_is(session_id, message_id)))
    if number is None:
        raise message_unknown(message_id)
    return number


def message_unknown(message_id: str) -> OperationError:
    """What is raised about a message that is not there, or not for the one who asks."""
    return OperationError("not_found", "message_unknown", f"there is no message {message_id!r}", "message_id")


def _read(row: sa.RowMapping) -> ChatMessage:
    to, deleted = None, None
    if row["to_id"] is not None:
        to = ChatAddressee(participant_id=row["to_id"], display_name=row["to_name"])
    if row["deleted_at"] is not None:
        by_id, by_name = row["deleted_by_id"], row["deleted_by_name"]
        deleted = ChatDeletion(participant_id=by_id, display_name=by_name, at=row["deleted_at"])
    sender = MessageSender(participant_id=row["sender_id"], display_name=row["sender_name"], role=row["sender_role"])
    return ChatMessage(
        message_id=row["message_id"],
        at=row["at"],
        sender=sender,
        text=row["text"],
        private=row["private"],
        to=to,
        deleted=deleted,
    )


# Rules


def rules_of(session: Session, session_ids: Sequence[str]) -> ChatRules | None:
    """The rules of the first of these sessions that has any of its own."""
    found = {row["session_id"]: row for row in session.execute(_rules_of(session_ids)).mappings()}
    for session_id in session_ids:
        if (row := found.get(session_id)) is not None:
            return ChatRules(enabled=row["enabled"], public=row["public"], private=row["private"])
    return None


def _rules_of(session_ids: Sequence[str]) -> sa.Select[Any]:
    return sa.select(rules).where(rules.c.session_id.in_(session_ids))


def keep_rules(session: Session, session_id: str, own: ChatRules, at: datetime) -> None:
    """Set the rules of a session."""
    values = {"enabled": own.enabled, "public": own.public, "private": own.private, "updated_at": at}
    changed = session.execute(
        sa.update(rules).where(rules.c.session_id == session_id).values(values).returning(rules.c.session_id)
    )
    if changed.first() is None:
        session.execute(sa.insert(rules), {"session_id": session_id, **values})


def old_rules(session: Session, before: datetime, after: str, most: int) -> list[str]:
    """Sessions, in the order of their ids and after one of them, whose rules were set before a time."""
    statement = sa.select(rules.c.session_id).where(rules.c.updated_at < before, rules.c.session_id > after)
    return list(session.scalars(statement.order_by(rules.c.session_id).limit(most)))


def forget_rules(session: Session, session_ids: Sequence[str]) -> None:
    """Delete the rules of these sessions."""
    session.execute(sa.delete(rules).where(rules.c.session_id.in_(session_ids)))
