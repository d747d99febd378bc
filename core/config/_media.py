# SPDX-License-Identifier: Apache-2.0
"""The media side takes its own settings and knows no configuration; this is the one place where the two meet."""

from podium.core.media.settings import MediaSettings

from ._settings import Config


def media_settings(config: Config) -> MediaSettings:
    """What the media side has to know of a configuration."""
    media = config.media  # str() because Cython takes no subclasses of str
    return MediaSettings(
        workers=media.worker_count,
        bind_address=str(media.address),
        first_port=media.ports.first,
        last_port=media.ports.last,
        announced_addresses=tuple(str(address) for address in media.announced_addresses),
        announce_loopback=media.announce_loopback,
        audio_slots=media.audio_slots,
        max_participants=config.rooms.max_participants,
        video_codecs=media.video_codecs,
    )
