# SPDX-License-Identifier: Apache-2.0
"""How scheduling refuses: one function for each kind, so that the words and codes stand where they are decided."""

from podium.core import OperationError


def invalid(field: str, message: str, code: str = "field_invalid") -> OperationError:
    """One field of a request is wrong."""
    return OperationError("invalid", code, message, field)


def unknown(session_id: str) -> OperationError:
    return OperationError("not_found", "session_unknown", f"there is no session {session_id!r}", "session_id")


def conflict(code: str, message: str, field: str | None = None) -> OperationError:
    """The request is right and does not go with what is there."""
    return OperationError("conflict", code, message, field)


def forbidden(message: str) -> OperationError:
    return OperationError("forbidden", "forbidden", message, "session_id")
