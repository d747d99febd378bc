# SPDX-License-Identifier: Apache-2.0
"""Errors of operations, and what kind an error is, so that each host can put it into its own terms.

REST knows status codes and gRPC others; both come from the kind. An operation raises OperationError with a kind, or
any PodiumError, whose code then tells by its ending: `room_unknown` is `not_found`.
"""

from typing import Literal

from podium.core.errors import PodiumError
from podium.core.identity.caller import AuthenticationError

Kind = Literal[
    "invalid",
    "unauthenticated",
    "forbidden",
    "not_found",
    "conflict",
    "exhausted",
    "unavailable",
    "timeout",
    "internal",
]

_ENDINGS: dict[str, Kind] = {
    "_unknown": "not_found",
    "_full": "conflict",
    "_exists": "conflict",
    "_required": "conflict",
    "_expired": "unauthenticated",
    "_forbidden": "forbidden",
    "_unavailable": "unavailable",
    "_unanswered": "unavailable",
    "_busy": "unavailable",
    "_timeout": "timeout",
}


class OperationError(PodiumError):
    """An operation was refused or has failed; `kind` says in what way."""

    def __init__(self, kind: Kind, code: str, message: str, field: str | None = None) -> None:
        super().__init__(code, message, field)
        self.kind: Kind = kind


def kind_of(error: PodiumError) -> Kind:
    """The kind of any error that Podium raises on purpose; what says nothing else blames the input."""
    if isinstance(error, OperationError):
        return error.kind
    if isinstance(error, AuthenticationError):
        return "unauthenticated"
    return next((kind for ending, kind in _ENDINGS.items() if error.code.endswith(ending)), "invalid")
