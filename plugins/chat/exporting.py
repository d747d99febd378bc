# SPDX-License-Identifier: Apache-2.0
"""The chat of a class as a whole, during it and for as long as it is kept; a recording takes it along."""

from podium.core import LEADING, Caller, OperationError, PluginContext
from podium.plugins.chat import store
from podium.plugins.chat.people import presence_of
from podium.plugins.chat.requests import ChatExport, ExportChat
from podium.plugins.chat.rooms import ChatRoom
from podium.plugins.chat.texts import written_down


async def export(context: PluginContext, room: ChatRoom, caller: Caller, request: ExportChat) -> ChatExport:
    """A part of the export. Raises PodiumError."""
    _check_caller(context, request.session_id, caller)
    await room.settle()
    query = store.Query(
        session_id=request.session_id,
        public_only=not request.private,
        direction="after",
        cursor=request.after,
        limit=request.limit,
    )
    found, more = await context.database.read(store.page, query)
    as_text = request.format == "text"
    return ChatExport(
        session_id=request.session_id,
        messages=() if as_text else tuple(found),
        text=written_down(found) if as_text else "",
        next=found[-1].message_id if more else None,
    )


def _check_caller(context: PluginContext, session_id: str, caller: Caller) -> None:
    """An assistant has to be in the room; an instructor may come for it afterwards."""
    if not caller.in_room:
        return
    found = presence_of(context, session_id, caller.subject)
    if found is None and caller.role != "instructor":
        raise OperationError("forbidden", "not_in_room", "you are not in the room")
    if found is not None and found.role not in LEADING:
        raise OperationError("forbidden", "forbidden", "this is for instructors and assistants")
