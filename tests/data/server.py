"""A web server on this machine that misbehaves on demand, and keeps a record of what was asked."""

import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Handler(BaseHTTPRequestHandler):
    """Serves the files of its server; each request first takes the next word of ``behaviour``.

    The words: a number refuses with this status; ``"half"`` breaks off in the middle;
    ``"more"`` announces more bytes than it sends, ``"less"`` fewer; ``"slow"`` sends little
    by little; ``"silent"`` sends half and then nothing for a second; ``"piece"`` gives less of the
    rest than was asked for, and says so; ``"ok"`` behaves.
    """

    server: "Server"

    def do_GET(self):
        word = self.server.behaviour.pop(0) if self.server.behaviour else "ok"
        self.server.asked.append((self.path, self.headers.get("Range")))
        if isinstance(word, int):
            return self.refuse(word)
        if self.path not in self.server.files:
            return self.refuse(404)
        content = self.server.files[self.path]
        start, total = self.start(len(content)), len(content)
        if start >= total:
            return self.refuse(416, {"Content-Range": f"bytes */{total}"})
        body = content[start : start + 1000] if word == "piece" else content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{total}")
        if self.server.version:
            self.send_header("ETag", f'"{self.server.version}"')
        lie = {"more": 100, "less": -100}.get(word, 0)
        if self.server.says_length:
            self.send_header("Content-Length", str(len(body) + lie))
        self.end_headers()
        self.send(body, word)

    def start(self, total):
        """First byte that was asked for; 0 where the server or the version does not allow a rest."""
        span, version = self.headers.get("Range"), self.headers.get("If-Range")
        if not span or not self.server.ranges or version not in (None, f'"{self.server.version}"'):
            return 0
        return int(span.removeprefix("bytes=").split("-")[0])

    def send(self, body, word):
        if word in ("half", "silent"):
            self.wfile.write(body[: len(body) // 2])
            time.sleep(1 if word == "silent" else 0)
        elif word == "slow":
            for i in range(0, len(body), len(body) // 8):
                self.wfile.write(body[i : i + len(body) // 8])
                self.wfile.flush()
                time.sleep(0.03)
        else:
            self.wfile.write(body)

    def refuse(self, status, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": "0", **self.server.refusal, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    """Files by path, what to do with the next requests, and the requests so far."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.behaviour, self.asked = files, [], []
        self.version, self.ranges, self.says_length, self.refusal = "1", True, True, {}

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """A client that hangs up is no error here."""


@contextmanager
def serving(files):
    server = Server(files)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
