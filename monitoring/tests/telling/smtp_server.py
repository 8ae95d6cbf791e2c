"""A mail server of the few words that a test needs, over a real socket."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class MailServer:
    port: int = 0
    recipient_code: int = 250
    data_code: int = 250
    messages: list[tuple[list[str], bytes]] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    kept = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say(220, "here")
            recipients: list[str] = []
            while line := self.rfile.readline():
                word = line.split(b" ")[0].strip().upper()
                if word == b"QUIT":
                    return self.say(221, "bye")
                if word == b"RCPT":
                    recipients.append(line.split(b"<")[1].split(b">")[0].decode())
                    self.say(kept.recipient_code, "recipient")
                elif word == b"DATA":
                    self.say(354, "go on")
                    self.take(recipients)
                else:
                    self.say(250, "ok")
            return None

        def take(self, recipients: list[str]) -> None:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            if kept.data_code == 250:
                kept.messages.append((recipients, b"".join(lines)))
            self.say(kept.data_code, "data")

        def say(self, code: int, words: str) -> None:
            self.wfile.write(f"{code} {words}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
