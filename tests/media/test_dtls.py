# SPDX-License-Identifier: Apache-2.0
"""The passive DTLS side against OpenSSL's client, over a network that is a few lists, on a clock that is a number."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from podium.core.media._dtls_records import MAX_SENT, pack_datagrams, split_records_untrusted
from podium.core.media.dtls import Certificate, DtlsServer, SrtpKeys

BOTH = b"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM"  # as Chromium offers them
GCM, SHA1_80 = 0x0007, 0x0001
HEADER = 13

SERVER_CERTIFICATE = Certificate.generate()


def make_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    return builder.sign(key, hashes.SHA256())


CLIENT_KEY = ec.generate_private_key(ec.SECP256R1())
CLIENT_CERTIFICATE = make_certificate(CLIENT_KEY)


class Client:
    """A browser's half of the handshake."""

    def __init__(
        self, *, profiles: bytes | None = BOTH, mtu: int = 1200, long_hello: bool = False, ciphers: bytes = b"DEFAULT"
    ) -> None:
        context = SSL.Context(SSL.DTLS_CLIENT_METHOD)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.set_cipher_list(ciphers)
        context.use_certificate(CLIENT_CERTIFICATE)
        context.use_privatekey(CLIENT_KEY)
        if profiles is not None:
            context.set_tlsext_use_srtp(profiles)
        self.connection = SSL.Connection(context, None)
        self.connection.set_connect_state()
        self.connection.set_ciphertext_mtu(mtu)
        if long_hello:
            self.connection.set_alpn_protos([b"x" * 200] * 5)
        self.connected = False

    def step(self) -> list[bytes]:
        """Go on as far as possible; the records it wants to send, each in a datagram of its own."""
        with suppress(SSL.WantReadError):
            if not self.connected:
                self.connection.do_handshake()
                self.connected = True
            else:
                self.connection.recv(1)
        return self.read()

    def read(self) -> list[bytes]:
        stream = b""
        with suppress(SSL.WantReadError):
            while True:
                stream += self.connection.bio_read(65536)
        return list(records(stream))

    def receive(self, datagrams: list[bytes]) -> list[bytes]:
        sent = []
        for datagram in datagrams:
            for record in records(datagram):
                self.connection.bio_write(record)
                sent += self.step()
        return sent

    def export(self, length: int) -> bytes:
        return self.connection.export_keying_material(b"EXTRACTOR-dtls_srtp", length)


def records(stream: bytes) -> Iterator[bytes]:
    while stream:
        end = HEADER + int.from_bytes(stream[11:13], "big")
        yield stream[:end]
        stream = stream[end:]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def expected(name: str = "sha-256") -> tuple[str, str]:
    algorithm = {"sha-256": hashes.SHA256(), "sha-384": hashes.SHA384(), "sha-512": hashes.SHA512()}[name]
    return name, CLIENT_CERTIFICATE.fingerprint(algorithm).hex(":").upper()


def make_server(clock: Clock | None = None) -> DtlsServer:
    return DtlsServer(SERVER_CERTIFICATE, expected_fingerprints=[expected()], clock=clock or Clock())


def shake_hands(client: Client, server: DtlsServer, datagrams: list[bytes] | None = None) -> None:
    """Carry datagrams to and fro until nobody says anything more."""
    datagrams = client.step() if datagrams is None else datagrams
    while datagrams:
        for datagram in datagrams:
            server.receive_untrusted(datagram)
        datagrams = client.receive(server.take_outgoing())


def handshake_record(message_type: int, sequence: int, body: bytes = b"", *, total: int | None = None) -> bytes:
    """A plaintext handshake fragment as a forger would write it."""
    message = bytes([message_type]) + (len(body) if total is None else total).to_bytes(3, "big")
    message += sequence.to_bytes(2, "big") + bytes(3) + len(body).to_bytes(3, "big") + body
    return b"\x16\xfe\xfd" + bytes(8) + len(message).to_bytes(2, "big") + message


def rtp(sequence: int) -> bytes:
    return b"\x80\x60" + sequence.to_bytes(2, "big") + bytes(4) + b"\x00\x00\x10\x01" + b"payload"


@pytest.mark.parametrize(
    ("profiles", "number", "salt_size", "policy"),
    [
        (BOTH, GCM, 12, Policy.SRTP_PROFILE_AEAD_AES_128_GCM),
        (b"SRTP_AES128_CM_SHA1_80:SRTP_AES128_CM_SHA1_32", SHA1_80, 14, Policy.SRTP_PROFILE_AES128_CM_SHA1_80),
    ],
)
def test_a_handshake_gives_both_sides_the_same_working_keys(
    profiles: bytes, number: int, salt_size: int, policy: int
) -> None:
    client, server = Client(profiles=profiles), make_server()
    shake_hands(client, server)
    assert (server.state, server.failure, client.connected) == ("connected", None, True)
    assert server.keys is not None
    assert server.keys.profile == number
    material = client.export(2 * (16 + salt_size))
    client_salt, server_salt = material[32 : 32 + salt_size], material[32 + salt_size :]
    assert server.keys.receive_key == material[:16] + client_salt
    assert server.keys.send_key == material[16:32] + server_salt
    browser = Session(Policy(material[:16] + client_salt, Policy.SSRC_ANY_OUTBOUND, srtp_profile=policy))
    podium = Session(Policy(server.keys.receive_key, Policy.SSRC_ANY_INBOUND, srtp_profile=policy))
    assert podium.unprotect(browser.protect(rtp(1))) == rtp(1)
    with pytest.raises(SrtpError):
        podium.unprotect(browser.protect(rtp(2))[:-1] + b"\x00\x00")


@pytest.mark.parametrize("name", ["sha-256", "sha-384", "sha-512"])
def test_the_fingerprint_may_be_of_any_strong_hash_and_one_of_several(name: str) -> None:
    other = ("sha-256", ":".join(["00"] * 32))
    server = DtlsServer(SERVER_CERTIFICATE, expected_fingerprints=[other, expected(name)])
    shake_hands(Client(), server)
    assert server.state == "connected"


@pytest.mark.parametrize(
    "fingerprint",
    [("sha-256", ":".join(["AB"] * 32)), ("sha-1", CLIENT_CERTIFICATE.fingerprint(hashes.SHA1()).hex(":").upper())],
)
def test_another_certificate_than_the_offered_gets_no_keys(fingerprint: tuple[str, str]) -> None:
    client, server = Client(), DtlsServer(SERVER_CERTIFICATE, expected_fingerprints=[fingerprint])
    with pytest.raises(SSL.ZeroReturnError):  # it is told
        shake_hands(client, server)
    assert server.state == "failed"
    assert server.keys is None
    assert server.failure == "the certificate does not match a fingerprint of the offer"
    assert server.next_timeout() is None


def test_a_peer_without_srtp_is_refused() -> None:
    client, server = Client(profiles=None), make_server()
    with pytest.raises(SSL.ZeroReturnError):
        shake_hands(client, server)
    assert server.state == "failed"
    assert server.failure == "the peer offers no SRTP profile that this server speaks"


def test_a_client_hello_in_fragments_is_put_together() -> None:
    client, server = Client(mtu=400, long_hello=True), make_server()
    hello = client.step()
    assert len(hello) > 2
    shake_hands(client, server, hello)
    assert server.state == "connected"


def test_fragments_may_come_in_any_order_and_twice() -> None:
    client, server = Client(mtu=400, long_hello=True), make_server()
    hello = client.step()
    shake_hands(client, server, [*reversed(hello), hello[0]])
    assert server.state == "connected"


def test_several_records_may_share_a_datagram() -> None:
    client, server = Client(), make_server()
    server.receive_untrusted(b"".join(client.step()))
    server.receive_untrusted(b"".join(client.receive(server.take_outgoing())))
    assert server.state == "connected"


def test_datagrams_are_small_and_cut_between_records() -> None:
    client, server = Client(), make_server()
    server.receive_untrusted(client.step()[0])
    outgoing = server.take_outgoing()
    assert outgoing
    assert all(len(datagram) <= MAX_SENT for datagram in outgoing)
    assert all(b"".join(records(datagram)) == datagram for datagram in outgoing)
    assert server.take_outgoing() == []


def test_packing_keeps_order_and_bytes() -> None:
    stream = b"".join(
        b"\x16\xfe\xfd" + bytes(8) + size.to_bytes(2, "big") + bytes(size) for size in (600, 500, 700, 10)
    )
    datagrams = pack_datagrams(stream)
    assert b"".join(datagrams) == stream
    assert [len(datagram) for datagram in datagrams] == [613 + 513, 713 + 23]


def test_a_lost_flight_is_sent_again_after_doubling_intervals() -> None:
    clock = Clock()
    client, server = Client(), make_server(clock)
    assert server.next_timeout() is None
    server.receive_untrusted(client.step()[0])
    flight = server.take_outgoing()
    waited = []
    for _ in range(5):
        timeout = server.next_timeout()
        assert timeout is not None
        waited.append(timeout)
        server.handle_timeout()
        assert server.take_outgoing() == []  # not before its time
        clock.now += timeout
        server.handle_timeout()
        assert server.take_outgoing() == flight
    assert waited == [0.25, 0.5, 1.0, 2.0, 4.0]
    shake_hands(client, server, client.receive(flight))
    assert server.state == "connected"
    assert server.next_timeout() is None


def test_a_lost_last_flight_is_sent_again_when_the_client_repeats_its_own() -> None:
    client, server = Client(), make_server()
    server.receive_untrusted(client.step()[0])
    for datagram in client.receive(server.take_outgoing()):
        server.receive_untrusted(datagram)
    assert server.state == "connected"
    assert server.take_outgoing()  # and they are lost
    while not client.connection.DTLSv1_handle_timeout():
        time.sleep(client.connection.DTLSv1_get_timeout() or 0)  # OpenSSL's timer knows only the real time
    shake_hands(client, server, client.read())
    assert client.connected


def test_half_a_minute_without_an_end_is_a_failure() -> None:
    clock = Clock()
    server = make_server(clock)
    server.receive_untrusted(Client().step()[0])
    while (timeout := server.next_timeout()) is not None:
        clock.now += timeout
        server.handle_timeout()
    assert clock.now == 1030.0
    assert server.state == "failed"
    assert server.failure == "the peer did not go on with the handshake"


def test_a_client_that_has_no_cipher_in_common_fails_with_that_reason() -> None:
    clock = Clock()
    client, server = Client(ciphers=b"ECDHE-RSA-AES128-GCM-SHA256"), make_server(clock)
    server.receive_untrusted(client.step()[0])
    assert server.failure is None  # it may have been forged
    clock.now += server.next_timeout() or 0
    server.handle_timeout()
    assert server.state == "failed"
    assert server.failure == "DTLS: no shared cipher"


def test_closing_says_goodbye() -> None:
    client, server = Client(), make_server()
    shake_hands(client, server)
    server.close()
    with pytest.raises(SSL.ZeroReturnError):
        client.receive(server.take_outgoing())
    assert server.state == "closed"
    server.receive_untrusted(b"\x16\xfe\xfd" + bytes(10))
    server.close()
    assert server.take_outgoing() == []


def test_closing_before_the_keys_says_nothing() -> None:
    server = make_server()
    server.receive_untrusted(Client().step()[0])
    server.take_outgoing()
    server.close()
    assert server.state == "closed"
    assert server.take_outgoing() == []
    assert server.next_timeout() is None


def test_the_goodbye_of_the_peer_closes() -> None:
    client, server = Client(), make_server()
    shake_hands(client, server)
    client.connection.shutdown()
    for datagram in client.read():
        server.receive_untrusted(datagram)
    assert server.state == "closed"


def test_application_data_is_passed_over() -> None:
    client, server = Client(), make_server()
    shake_hands(client, server)
    for _ in range(10):
        client.connection.send(b"x" * 900)
        for datagram in client.read():
            server.receive_untrusted(datagram)
    assert server.state == "connected"
    assert server.take_outgoing() == []


FATAL_ALERT = b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28"
CHANGE_CIPHER_SPEC = b"\x14\xfe\xfd" + bytes(8) + b"\x00\x01\x01"
FORGED = {
    "nothing": b"",
    "fatal alert": FATAL_ALERT,
    "change cipher spec": CHANGE_CIPHER_SPEC,
    "change cipher spec with another body": CHANGE_CIPHER_SPEC[:-1] + b"\x07",
    "application data": b"\x17\xfe\xfd" + bytes(8) + b"\x00\x04abcd",
    "encrypted junk": b"\x16\xfe\xfd\x00\x01" + bytes(6) + b"\x00\x30" + bytes(48),
    "a far epoch": b"\x16\xfe\xfd\x00\x07" + bytes(6) + b"\x00\x30" + bytes(48),
    "another version": b"\x16\x03\x03" + bytes(8) + b"\x00\x04abcd",
    "a record longer than its datagram": b"\x16\xfe\xfd" + bytes(8) + b"\x20\x00abcd",
    "a handshake without header": b"\x16\xfe\xfd" + bytes(8) + b"\x00\x04abcd",
    "an empty handshake": b"\x16\xfe\xfd" + bytes(10),
    "a message of the server": handshake_record(2, 1, b"x" * 40),
    "a huge message": handshake_record(11, 1, b"x", total=1 << 23),
    "a message of the far future": handshake_record(16, 9, b"x" * 40),
    "a finished in the clear": handshake_record(20, 3, b"x" * 12),
    "a jumbo datagram": handshake_record(11, 1, b"x" * 4000),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_forged_datagrams_do_not_harm_a_handshake(forged: bytes) -> None:
    client, server = Client(), make_server()
    server.receive_untrusted(forged)
    server.receive_untrusted(client.step()[0])
    server.receive_untrusted(forged)
    for datagram in client.receive(server.take_outgoing()):
        server.receive_untrusted(forged)
        server.receive_untrusted(datagram)
    server.receive_untrusted(forged)
    assert server.state == "connected"
    client.receive(server.take_outgoing())
    assert client.connected


@pytest.mark.parametrize("body", [b"", b"junk", b"\xfe\xfd" + bytes(60)])
def test_a_forged_client_hello_does_not_stand_in_the_way_of_the_real_one(body: bytes) -> None:
    client, server = Client(), make_server()
    for _ in range(100):
        server.receive_untrusted(handshake_record(1, 0, body))
    shake_hands(client, server)
    assert server.state == "connected"


def test_a_forged_piece_of_a_client_hello_does_not_stand_in_the_way_of_the_real_one() -> None:
    client, server = Client(), make_server()
    server.receive_untrusted(handshake_record(1, 0, b"\xfe\xfd", total=500))
    shake_hands(client, server)
    assert server.state == "connected"


def test_a_record_number_from_the_far_future_does_not_make_the_real_ones_old() -> None:
    client, server = Client(), make_server()
    hello = client.step()[0]
    future = hello[:5] + b"\xff" * 6 + hello[11:]
    server.receive_untrusted(future)
    flight = client.receive(server.take_outgoing())
    server.receive_untrusted(future)
    shake_hands(client, server, flight)
    assert server.state == "connected"


def test_a_flood_is_bounded() -> None:
    client, server = Client(), make_server()
    hello = client.step()[0]
    for number in range(3000):
        server.receive_untrusted(handshake_record(11, 2 + number % 7, b"x", total=16000))
        server.receive_untrusted(hello)
    assert sum(len(datagram) for datagram in server.take_outgoing()) < 64 * MAX_SENT
    assert server.state in ("connecting", "failed")


@settings(max_examples=50)
@given(st.floats(0, 1, exclude_max=True))
def test_truncated_records_are_ignored(kept: float) -> None:
    client, server = Client(), make_server()
    datagrams = client.step()
    while datagrams:
        for datagram in datagrams:
            server.receive_untrusted(datagram[: int(len(datagram) * kept)])
            server.receive_untrusted(datagram)
        datagrams = client.receive(server.take_outgoing())
    assert server.state == "connected"


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=100), max_size=5), st.booleans(), st.integers(20, 23), st.integers(0, 2))
def test_any_bytes_leave_it_connecting(bodies: list[bytes], framed: bool, content_type: int, epoch: int) -> None:
    server = make_server()
    for body in bodies:
        header = (
            bytes([content_type]) + b"\xfe\xfd" + epoch.to_bytes(2, "big") + bytes(6) + len(body).to_bytes(2, "big")
        )
        server.receive_untrusted(header + body if framed else body)
    assert server.state == "connecting"
    assert server.keys is None


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=100), st.integers(20, 23))
def test_any_bytes_leave_it_connected(body: bytes, content_type: int) -> None:
    client, server = Client(), make_server()
    shake_hands(client, server)
    for epoch in (0, 1):
        header = bytes([content_type]) + b"\xfe\xfd" + epoch.to_bytes(2, "big") + bytes(5) + b"\x20"
        server.receive_untrusted(header + len(body).to_bytes(2, "big") + body)
        server.receive_untrusted(body)
    assert server.state == "connected"


def test_splitting_stops_at_the_first_thing_that_is_no_record() -> None:
    good = CHANGE_CIPHER_SPEC
    assert [record.data for record in split_records_untrusted(good + good + b"\x63" + good)] == [good, good]
    assert [record.data for record in split_records_untrusted(good + good[:-1])] == [good]
    assert list(split_records_untrusted(good * 200)) == []


def test_keys_do_not_show_themselves() -> None:
    assert repr(SrtpKeys(GCM, b"secret-receive", b"secret-send")) == "SrtpKeys(profile=0x0007)"


def test_certificates_are_fresh_and_their_fingerprints_well_formed() -> None:
    other = Certificate.generate()
    assert other.fingerprint != SERVER_CERTIFICATE.fingerprint
    assert re.fullmatch(r"sha-256 [0-9A-F]{2}(:[0-9A-F]{2}){31}", other.fingerprint)


def test_the_fingerprint_is_of_the_certificate_that_is_shown() -> None:
    client, server = Client(), make_server()
    shake_hands(client, server)
    shown = client.connection.get_peer_certificate(as_cryptography=True)
    assert shown is not None
    assert SERVER_CERTIFICATE.fingerprint == f"sha-256 {shown.fingerprint(hashes.SHA256()).hex(':').upper()}"
    assert shown.not_valid_after_utc - datetime.now(UTC) > timedelta(days=29)
