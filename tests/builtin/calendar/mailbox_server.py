# SPDX-License-Identifier: Apache-2.0
"""As much of an IMAP server (RFC 3501) as reading a folder needs, on the loopback; it has the messages it is given."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PASSWORD = "correct horse"  # a fixed one for tests


class Folder:
    """Messages by number, and which have been seen."""

    def __init__(self) -> None:
        self.messages: dict[int, bytes] = {}
        self.seen: set[int] = set()
        self.fetched: list[int] = []
        self.logins = 0
        self.port = 0

    def put(self, *messages: bytes) -> None:
        for message in messages:
            self.messages[len(self.messages) + 1] = message

    def answer(self, command: str, arguments: str) -> tuple[list[bytes], str]:
        """Untagged lines, and the end of the tagged one."""
        if command == "CAPABILITY":
            return [b"CAPABILITY IMAP4rev1"], "OK"
        if command == "LOGIN":
            self.logins += 1
            return [], "OK" if PASSWORD in arguments else "NO wrong password"
        if command == "SELECT":
            return [b"%d EXISTS" % len(self.messages)], "OK" if "INBOX" in arguments else "NO no such folder"
        if command == "LOGOUT":
            return [b"BYE"], "OK"
        return self._uid(arguments)

    def _uid(self, arguments: str) -> tuple[list[bytes], str]:
        if arguments == "SEARCH UNSEEN":
            numbers = [str(number) for number in self.messages if number not in self.seen]
            return [f"SEARCH {' '.join(numbers)}".encode()], "OK"
        match = re.fullmatch(r"(FETCH|STORE) (\d+) (.*)", arguments)
        assert match is not None, arguments
        number = int(match[2])
        message = self.messages[number]
        if match[1] == "STORE":
            assert match[3] == r"+FLAGS.SILENT (\Seen)"
            self.seen.add(number)
            return [], "OK"
        if match[3] == "(RFC822.SIZE)":
            return [b"%d FETCH (UID %d RFC822.SIZE %d)" % (number, number, len(message))], "OK"
        assert match[3].startswith("(BODY.PEEK[]<0.")
        self.fetched.append(number)
        return [b"%d FETCH (UID %d BODY[]<0> {%d}\r\n%s)" % (number, number, len(message), message)], "OK"


@contextmanager
def mailbox_server() -> Iterator[Folder]:
    """A running server, in threads."""
    folder = Folder()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            while line := self.rfile.readline(10_000):
                tag, _, rest = line.decode().rstrip("\r\n").partition(" ")
                command, _, arguments = rest.partition(" ")
                untagged, end = folder.answer(command.upper(), arguments)
                for each in untagged:
                    self.wfile.write(b"* " + each + b"\r\n")
                self.wfile.write(f"{tag} {end} done\r\n".encode())
                if command.upper() == "LOGOUT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        folder.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield folder
        finally:
            server.shutdown()
            thread.join()
