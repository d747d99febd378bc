# SPDX-License-Identifier: Apache-2.0
"""The files of pages, held in memory: a few dozen kilobytes, read once.

Quart's own static files open a file for each request in a thread and leave it open when the client hangs up meanwhile.
Browsers revalidate by ETag at every load, so that a new version of Podium is seen at once.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, final

from quart import Response, request

CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """One file."""

    content: bytes
    content_type: str
    etag: str


@final
class Assets:
    """The files of one folder by name; nothing outside of it can be named."""

    def __init__(self, folder: Path) -> None:
        self._assets = {path.name: _read(path) for path in folder.iterdir() if path.suffix in CONTENT_TYPES}

    def __contains__(self, name: str) -> bool:
        return name in self._assets

    def respond(self, name: str) -> Response:
        """The file, or 304 when the client has it. Raises KeyError."""
        asset = self._assets[name]
        headers = {"ETag": asset.etag, "Cache-Control": "no-cache"}
        if asset.etag in request.headers.get("If-None-Match", ""):
            return Response(b"", status=304, headers=headers)  # a body of None needs asyncio
        return Response(asset.content, headers=headers, content_type=asset.content_type)


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, CONTENT_TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:20]}"')
