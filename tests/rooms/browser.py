# SPDX-License-Identifier: Apache-2.0
"""A browser without sockets: it offers, reads answers, writes connectivity checks and shakes hands."""

import secrets
from collections.abc import Callable

from aioice import stun

from tests.peers.dtls import DtlsClient, Identity
from tests.peers.offers import Answer, LocalTransport, Section, read_answer, write_offer

Address = tuple[str, int]

IDENTITY = Identity()
HOME: Address = ("192.0.2.7", 40000)

MICROPHONE = Section("0", "audio", "sendonly", ssrc=11)
CAMERA = Section("1", "video", "sendonly", rids=("l", "m", "h"))
SCREEN = Section("2", "video", "sendonly", ssrc=22, rtx_ssrc=23)
HEARS = tuple(Section(f"a{index}", "audio", "recvonly") for index in range(3))
SEES = tuple(Section(f"v{index}", "video", "recvonly") for index in range(3))


class Browser:
    """One RTCPeerConnection as far as a server notices."""

    def __init__(self, identity: Identity = IDENTITY) -> None:
        self.identity = identity
        self.answer = Answer()
        self.client: DtlsClient | None = None
        self.restart()

    def restart(self) -> None:
        """New ICE credentials, for the next offer."""
        self.ufrag, self.password = secrets.token_hex(2), secrets.token_hex(12)

    def offer(self, *sections: Section) -> str:
        transport = LocalTransport(self.ufrag, self.password, self.identity.fingerprint, HOME)
        return write_offer(transport, list(sections))

    def accept(self, answer: str) -> Answer:
        self.answer = read_answer(answer)
        return self.answer

    def check(self, *, nominate: bool = True, password: str | None = None) -> bytes:
        """A signed binding request for the latest answer."""
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self.answer.ufrag}:{self.ufrag}"
        request.attributes["PRIORITY"] = 1
        request.attributes["ICE-CONTROLLING"] = 1
        if nominate:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity((password or self.answer.password).encode())
        return bytes(request)

    def shake_hands(self, exchange: Callable[[bytes], list[bytes]]) -> None:
        """Do a whole DTLS handshake; `exchange` brings a datagram to the server and its replies back."""
        waiting = self.hello()
        assert self.client is not None
        while waiting:
            for reply in exchange(waiting.pop(0)):
                self.client.receive(reply)
                waiting += self.client.take_outgoing()

    def hello(self) -> list[bytes]:
        """Begin a DTLS handshake: its first datagrams."""
        self.client = DtlsClient(self.identity, self.answer.fingerprint)
        self.client.advance()
        return self.client.take_outgoing()
