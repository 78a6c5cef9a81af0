# A client whose records arrive in pieces of its choice: TLS without a socket, by ssl.MemoryBIO.
#
#   python3 split_records.py PORT CA VERSION SEED
#
# It asks twice, the second time with the session of the first, and tells of both in JSON.

import json
import random
import socket
import ssl
import sys

port, ca, version, seed = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
chance = random.Random(seed)
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
BODY = bytes(chance.randrange(256) for _ in range(100_000))


class Client:
    def __init__(self, session):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost", session=session)

    def flush(self):
        sealed = self.outgoing.read()
        most = chance.choice([1, 7, 300, 20_000])
        # Long ones in single bytes would take too long.
        least = 1 + len(sealed) // 2000
        while sealed:
            size = max(least, chance.randint(1, most))
            self.socket.sendall(sealed[:size])
            sealed = sealed[size:]

    def until_done(self, call):
        while True:
            try:
                result = call()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                received = self.socket.recv(chance.choice([1, 5, 100, 70_000]))
                if received:
                    self.incoming.write(received)
                else:
                    self.incoming.write_eof()

    def read_all(self):
        text = b""
        while True:
            try:
                piece = self.until_done(lambda: self.tls.read(chance.choice([1, 100, 20_000])))
            except ssl.SSLZeroReturnError:
                return text
            if not piece:
                return text
            text += piece

    def ask(self):
        self.until_done(self.tls.do_handshake)
        head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        last = b"GET /tls HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        request = head + BODY + b"GET /tls HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5 + last
        at = 0
        while at < len(request):
            size = chance.choice([1, 50, 16_384, 70_000])
            piece = request[at : at + size]
            at += self.until_done(lambda: self.tls.write(piece))
        answers = self.read_all()
        return {
            "version": self.tls.version(),
            "resumed": self.tls.session_reused,
            "echoed": BODY in answers,
            "answers": answers.count(b"HTTP/1.1 200 OK\r\n"),
        }


first = Client(None)
told = [first.ask()]
told.append(Client(first.tls.session).ask())
print(json.dumps(told))
