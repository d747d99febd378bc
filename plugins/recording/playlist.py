# SPDX-License-Identifier: Apache-2.0
"""The pieces of a film as an HLS playlist (RFC 8216): growing during the class (EVENT), complete after it (VOD).

Viewers can go back to the beginning at any time.
"""

from collections.abc import Iterable
from math import ceil
from typing import NamedTuple

from podium.plugins.recording.composer.settings import SEGMENT_SECONDS


class Entry(NamedTuple):
    """Where a player finds a piece, and how long it lasts in seconds."""

    uri: str
    duration: float


def playlist(header_uri: str, entries: Iterable[Entry], *, ended: bool) -> str:
    """The text of a media playlist; `header_uri` is of what all pieces have in common."""
    listed = list(entries)
    longest = max([ceil(entry.duration) for entry in listed], default=SEGMENT_SECONDS)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(longest, SEGMENT_SECONDS)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if ended else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{header_uri}"',
    ]
    for entry in listed:
        lines += [f"#EXTINF:{entry.duration:.3f},", entry.uri]
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"
