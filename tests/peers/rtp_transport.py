# SPDX-License-Identifier: Apache-2.0
"""ICE (controlling), DTLS client and SRTP of the synthetic peer on one non-blocking socket, driven by `pump`.

Everything happens inside `pump`, in the thread that calls it; it also keeps consent fresh (RFC 7675). Packets are built
and read by tests/peers/packets.py and encrypted by pylibsrtp, so nothing of podium takes part. With `keep` off, media
is only counted, which lets one thread stand for hundreds of receivers.
"""

import secrets
import select
import socket
import time
from collections.abc import Callable, Sequence
from struct import pack

import pylibsrtp
from aioice import stun

from tests.peers import offers
from tests.peers.dtls import CM_SHA1_80, GCM_128, DtlsClient, Identity, Keys, Profile
from tests.peers.packets import Rtcp, RtpPacket, is_rtcp, parse_rtcp

Address = tuple[str, int]
CHECK_INTERVAL = 0.05
CONSENT_INTERVAL = 2.0


class RtpTransport:
    """One connection to a server. `answer` comes from the server's SDP; until `start` only the socket exists."""

    def __init__(
        self,
        identity: Identity | None = None,
        *,
        profiles: tuple[Profile, ...] = (GCM_128, CM_SHA1_80),
        keep: bool = True,
        setup: str = "actpass",
    ) -> None:
        self.identity = identity or Identity()
        self.profiles = profiles
        self.keep = keep
        self.setup = setup
        self.socket = _open_socket()
        self.ufrag, self.password = secrets.token_hex(2), secrets.token_hex(12)
        self.rtp: list[RtpPacket] = []
        self.rtcp: list[Rtcp] = []
        self.datagrams = 0
        self.rejected: list[str] = []
        self.transport_sequence_id: int | None = None
        self.sent_transport_sequences: dict[int, RtpPacket] = {}
        self.nominated = False
        self._answer = offers.Answer()
        self._server: Address = ("", 0)
        self._dtls: DtlsClient | None = None
        self._outbound: pylibsrtp.Session | None = None
        self._inbound: pylibsrtp.Session | None = None
        self._checks: dict[bytes, Address] = {}
        self._next_check = 0.0
        self._next_dtls: float | None = None
        self._transport_sequence = 0
        self._tie_breaker = secrets.randbits(64)

    @property
    def local(self) -> offers.LocalTransport:
        address = self.socket.getsockname()
        return offers.LocalTransport(self.ufrag, self.password, self.identity.fingerprint, address, self.setup)

    @property
    def connected(self) -> bool:
        return self._outbound is not None

    @property
    def profile(self) -> Profile | None:
        """The SRTP profile agreed on."""
        return self._dtls.keys.profile if self._dtls and self._dtls.keys else None

    @property
    def closed_by_server(self) -> bool:
        return self._dtls is not None and self._dtls.closed

    @property
    def server(self) -> Address:
        return self._server

    def start(self, answer: offers.Answer, *, through: Address | None = None) -> None:
        """Connect to the answer's first candidate, or to a relay in front of it."""
        self._answer = answer
        self._server = through or next(each for each in answer.candidates if ":" not in each[0])
        self._next_check = 0.0
        if self._dtls is None:
            self._dtls = DtlsClient(self.identity, answer.fingerprint, self.profiles)

    def close(self) -> None:
        """Say goodbye in DTLS and close the socket."""
        self.say_goodbye()
        self.vanish()

    def say_goodbye(self) -> None:
        """End the DTLS association."""
        if self._dtls is not None:
            self._dtls.close()
            self._flush_dtls()

    def restart_ice(self) -> None:
        """New credentials and a new address; takes effect with the next offer and `start`. DTLS goes on as it is."""
        self.ufrag, self.password = secrets.token_hex(2), secrets.token_hex(12)
        self.nominated = False
        self.move()

    def vanish(self) -> None:
        """Close the socket without a word."""
        self.socket.close()

    def move(self) -> None:
        """Go on from a new local address, as after a change of network."""
        self.socket.close()
        self.socket = _open_socket()
        self._next_check = 0.0

    def send_rtp(self, *packets: RtpPacket) -> None:
        """Encrypt and send; adds the transport-wide sequence number where it was agreed on."""
        for packet in packets:
            self.send_plain(bytes(self._stamped(packet)), rtcp=False)

    def send_rtcp(self, *packets: bytes) -> None:
        """Encrypt and send one compound datagram."""
        self.send_plain(b"".join(packets), rtcp=True)

    def send_plain(self, data: bytes, *, rtcp: bool) -> None:
        """Encrypt and send bytes as they are, sensible or not; pylibsrtp.Error if it cannot take them."""
        assert self._outbound is not None, "not connected"
        self.send_raw(self._outbound.protect_rtcp(data) if rtcp else self._outbound.protect(data))

    def send_raw(self, datagram: bytes) -> None:
        try:
            self.socket.sendto(datagram, self._server)
        except (BlockingIOError, ConnectionRefusedError):
            # A full socket loses a datagram; a refusal reports an earlier one. Neither is this datagram's fault.
            return

    def on_timers(self) -> None:
        """Connectivity checks and DTLS retransmissions that are due."""
        now = time.monotonic()
        if self._server[1] and now >= self._next_check:
            self._next_check = now + (CONSENT_INTERVAL if self.nominated else CHECK_INTERVAL)
            self._send_check()
        if self._dtls and self._next_dtls is not None and now >= self._next_dtls:
            self._dtls.handle_timeout()
            self._flush_dtls()

    def on_readable(self) -> None:
        """Take everything the socket has."""
        while True:
            try:
                datagram, source = self.socket.recvfrom(2048)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                continue
            self.datagrams += 1
            self._dispatch(datagram, source)

    def _dispatch(self, datagram: bytes, source: Address) -> None:
        first = datagram[0] if datagram else 255
        if 128 <= first <= 191:
            if self.keep:
                self._on_media(datagram)
        elif first < 4:
            self._on_stun(datagram, source)
        elif 20 <= first <= 63 and self._dtls is not None:
            self._dtls.receive(datagram)
            self._flush_dtls()
            self._install_keys(self._dtls.keys)

    def _on_media(self, datagram: bytes) -> None:
        if self._inbound is None:
            self.rejected.append("before the keys")
            return
        now = time.time()
        try:
            if is_rtcp(datagram):
                self.rtcp += parse_rtcp(self._inbound.unprotect_rtcp(datagram), now)
            else:
                self.rtp.append(RtpPacket.parse(self._inbound.unprotect(datagram), now))
        except pylibsrtp.Error as error:
            self.rejected.append(str(error))

    def _on_stun(self, datagram: bytes, source: Address) -> None:
        message = stun.parse_message(datagram)
        if message.message_class == stun.Class.RESPONSE and message.transaction_id in self._checks:
            if not message.check_message_integrity(self._answer.password.encode()):
                self.rejected.append("binding response with bad integrity")
                return
            self._checks.clear()
            self._on_nominated()
        elif message.message_class == stun.Class.REQUEST and message.check_message_integrity(self.password.encode()):
            self._answer_check(message, source)

    def _on_nominated(self) -> None:
        if not self.nominated:
            self.nominated = True
            self._next_check = time.monotonic() + CONSENT_INTERVAL
            if not self.connected:
                self._begin_dtls()

    def _begin_dtls(self) -> None:
        assert self._dtls is not None
        self._dtls.advance()
        self._flush_dtls()

    def _answer_check(self, request: stun.Message, source: Address) -> None:
        """A full ICE agent on the other side (an aiortc peer in our own tests) checks us too."""
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = source
        response.add_message_integrity(self.password.encode())
        self.socket.sendto(bytes(response), source)

    def _send_check(self) -> None:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._answer.ufrag}:{self.ufrag}"
        request.attributes["PRIORITY"] = 1845501695
        request.attributes["ICE-CONTROLLING"] = self._tie_breaker
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._answer.password.encode())
        self._checks[request.transaction_id] = self._server
        self.send_raw(bytes(request))

    def _flush_dtls(self) -> None:
        assert self._dtls is not None
        for datagram in self._dtls.take_outgoing():
            self.send_raw(datagram)
        timeout = self._dtls.next_timeout()
        self._next_dtls = None if timeout is None else time.monotonic() + timeout

    def _install_keys(self, keys: Keys | None) -> None:
        if keys is None or self._outbound is not None:
            return
        outbound = pylibsrtp.Policy(keys.send, pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=keys.profile.libsrtp)
        outbound.allow_repeat_tx = True
        outbound.window_size = 2048
        inbound = pylibsrtp.Policy(keys.receive, pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=keys.profile.libsrtp)
        inbound.window_size = 2048
        self._outbound, self._inbound = pylibsrtp.Session(outbound), pylibsrtp.Session(inbound)

    def _stamped(self, packet: RtpPacket) -> RtpPacket:
        if self.transport_sequence_id is None:
            return packet
        number = self._transport_sequence
        self._transport_sequence = number + 1 & 0xFFFF
        self.sent_transport_sequences[number] = packet
        extensions = {**packet.extensions, self.transport_sequence_id: pack("!H", number)}
        return RtpPacket(
            packet.payload_type,
            packet.sequence,
            packet.timestamp,
            packet.ssrc,
            packet.payload,
            packet.marker,
            packet.csrc,
            extensions,
            packet.padding,
        )


def pump(transports: Sequence[RtpTransport], *, seconds: float = 10.0, until: Callable[[], bool] | None = None) -> bool:
    """Let the transports work until a condition holds (True) or the time is over (False)."""
    deadline = time.monotonic() + seconds
    while True:
        for transport in transports:
            transport.on_timers()
        if until is not None and until():
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        _wait(transports, min(left, CHECK_INTERVAL))


def _wait(transports: Sequence[RtpTransport], timeout: float) -> None:
    by_socket = {transport.socket: transport for transport in transports}
    readable, _, _ = select.select(list(by_socket), [], [], timeout)
    for sock in readable:
        by_socket[sock].on_readable()


def _open_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock
