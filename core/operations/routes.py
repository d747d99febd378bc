# SPDX-License-Identifier: Apache-2.0
"""Routes: `DELETE /rooms/{session_id}`, method and path with the fields of the request that stand in it.

Plain data; matching is by segments, and a literal segment wins over a field.
"""

import re
from typing import NamedTuple, Self

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITHOUT_BODY = ("GET", "DELETE")

_SEGMENT = re.compile(r"[a-z0-9][a-z0-9_.-]*|\{[a-z][a-z0-9_]*\}", re.IGNORECASE)


class Route(NamedTuple):
    """A method and the segments of a path."""

    method: str
    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `GET /rooms/{session_id}`. Raises ValueError."""
        method, _, path = text.partition(" ")
        segments = tuple(path.split("/")[1:])
        if method not in METHODS:
            raise ValueError(f"a route begins with one of {', '.join(METHODS)} and a space")
        if not path.startswith("/") or not all(_SEGMENT.fullmatch(segment) for segment in segments):
            raise ValueError("a path is made of segments such as /rooms/{session_id}")
        route = cls(method, segments)
        if len(set(route.fields)) != len(route.fields):
            raise ValueError("a field stands in the path twice")
        return route

    @property
    def path(self) -> str:
        """`/rooms/{session_id}`"""
        return "/" + "/".join(self.segments)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names in braces."""
        return tuple(segment[1:-1] for segment in self.segments if segment.startswith("{"))

    @property
    def has_body(self) -> bool:
        """Whether the other fields come as a JSON object; otherwise they come in the query."""
        return self.method not in WITHOUT_BODY

    @property
    def shape(self) -> tuple[str, ...]:
        """The segments with fields made equal: two routes of one shape and method cannot be told apart."""
        return tuple("{}" if segment.startswith("{") else segment for segment in self.segments)

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The fields in this path, or None when it is another path."""
        if len(segments) != len(self.segments):
            return None
        found = {}
        for own, given in zip(self.segments, segments, strict=True):
            if own.startswith("{") and given:
                found[own[1:-1]] = given
            elif own != given:
                return None
        return found
