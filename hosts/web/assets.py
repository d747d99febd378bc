# SPDX-License-Identifier: Apache-2.0
"""The files of pages, held in memory: a few dozen kilobytes, read once.

Quart's own static files open a file for each request in a thread and leave it open when the client hangs up meanwhile.
Browsers revalidate by ETag at every load, so that a new version of Podium is seen at once.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple, final

from quart import Response, request

CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


class Asset(NamedTuple):
    """One file."""

    content: bytes
    content_type: str
    etag: str


@final
class Assets:
    """Files by name, each of a type that is known here; nothing else can be named."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._assets = {name: _asset(name, content) for name, content in contents.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._assets

    def respond(self, name: str) -> Response:
        """The file, or 304 when the client has it. Raises KeyError."""
        asset = self._assets[name]
        headers = {"ETag": asset.etag, "Cache-Control": "no-cache"}
        if asset.etag in request.headers.get("If-None-Match", ""):
            return Response(b"", status=304, headers=headers)  # a body of None needs asyncio
        return Response(asset.content, headers=headers, content_type=asset.content_type)


def assets_in(folder: Path) -> Assets:
    """The files of one folder, those in folders below left out."""
    return Assets({path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in CONTENT_TYPES})


def _asset(name: str, content: bytes) -> Asset:
    return Asset(content, CONTENT_TYPES[PurePosixPath(name).suffix], f'"{hashlib.sha256(content).hexdigest()[:20]}"')
