# SPDX-License-Identifier: Apache-2.0
"""The aiortc peer by itself, against a server that sends its media back."""

import pytest

from tests.peers.aiortc_peer import AiortcPeer
from tests.peers.echo import EchoServer
from tests.peers.signalling import Signalling, SignallingError


def test_a_peer_sees_and_hears_itself() -> None:
    with EchoServer() as server, AiortcPeer(server.url, "room", "ann", background=90) as peer:
        peer.wait_for_frames(10)
        peer.wait_for(lambda: peer.audio.level > 0.2, what="a loud tone")
        seen = peer.video
        assert (seen.width, seen.height) == (320, 240)
        assert abs(seen.background - 90) < 15


def test_an_error_is_raised_for_a_refused_request() -> None:
    with EchoServer() as server, Signalling(server.url) as signalling:
        with pytest.raises(SignallingError, match="unknown_type"):
            signalling.request("Dance", answers="Danced")
        assert signalling.request("Dance", answers="Error")["field"] == "type"
