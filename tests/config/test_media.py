# SPDX-License-Identifier: Apache-2.0
"""Every media setting reaches the media side."""

from podium.core.config import Config, IpAddress, MediaConfig, PortRange, RoomsConfig, media_settings
from podium.core.media.settings import MediaSettings


def test_every_media_setting_reaches_the_media_side() -> None:
    config = Config(
        media=MediaConfig(
            ports=PortRange(7000, 7009),
            address=IpAddress("0.0.0.0"),
            announced_addresses=(IpAddress("192.0.2.1"),),
            announce_loopback=True,
            workers=2,
            audio_slots=4,
            video_codecs=("VP9",),
        ),
        rooms=RoomsConfig(max_participants=7),
    )
    assert media_settings(config) == MediaSettings(
        workers=2,
        bind_address="0.0.0.0",
        first_port=7000,
        last_port=7009,
        announced_addresses=("192.0.2.1",),
        announce_loopback=True,
        audio_slots=4,
        max_participants=7,
        video_codecs=("VP9",),
    )


def test_addresses_are_plain_text() -> None:
    settings = media_settings(Config(media=MediaConfig(announced_addresses=(IpAddress("::1"),))))
    assert {type(address) for address in (settings.bind_address, *settings.announced_addresses)} == {str}


def test_the_defaults_of_both_sides_agree() -> None:
    assert media_settings(Config(media=MediaConfig(workers=1))) == MediaSettings()
