"""Serve the built site to this machine's own browser, compressed, as a web server would."""

import functools
import gzip
import http.server
import io
import sys
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
TEXT = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".txt", ".xml", ".wasm", ".onnx"}


@functools.lru_cache(maxsize=256)
def compressed(path: Path, changed: float) -> bytes:
    """Content of a file, compressed once for each time it has changed."""
    return gzip.compress(path.read_bytes(), 6, mtime=int(changed))


class SiteHandler(http.server.SimpleHTTPRequestHandler):
    """Files of one folder: text compressed, the site's own page for what is not there, no line of log."""

    protocol_version = "HTTP/1.1"
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
        ".webp": "image/webp",
        ".woff2": "font/woff2",
    }

    def send_head(self) -> BinaryIO | None:
        """Headers and content of a file; the base class finds folders and files that are not text."""
        path = Path(self.translate_path(self.path))
        if path.is_dir() and self.path.split("?")[0].endswith("/"):
            path = path / "index.html"
        if path.suffix not in TEXT or not path.is_file() or not self._takes_gzip():
            return super().send_head()
        return self._send(HTTPStatus.OK, path)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The site's page for what is not there; anything else as usual."""
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
        elif self.command == "GET":
            self.copyfile(self._send(HTTPStatus.NOT_FOUND, page), self.wfile)
        else:
            self._send(HTTPStatus.NOT_FOUND, page)

    def _takes_gzip(self) -> bool:
        return "gzip" in self.headers.get("Accept-Encoding", "")

    def _send(self, status: HTTPStatus, path: Path) -> BinaryIO:
        packed = self._takes_gzip()
        changed = path.stat().st_mtime
        content = compressed(path, changed) if packed else path.read_bytes()
        self.send_response(status)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Vary", "Accept-Encoding")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", self.date_time_string(int(changed)))
        self.end_headers()
        return io.BytesIO(content)

    def end_headers(self) -> None:
        """A page that has been built anew is shown anew."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class SiteServer(http.server.ThreadingHTTPServer):
    """A server that says nothing of readers who leave before a file has come."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Report what is wrong, but not a closed connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def make_server(site: Path, port: int) -> SiteServer:
    """A server of a folder on this machine alone; port 0 takes a free one."""
    handler = functools.partial(SiteHandler, directory=str(site))
    return SiteServer(("127.0.0.1", port), handler)


def main() -> int:
    """Serve until Ctrl-C; the port is the first argument, 8000 without one."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    try:
        server = make_server(SITE, port)
    except OSError as error:
        print(
            f"[serve] STOP: port {port} cannot be used ({error}); choose another: make serve PORT=8123",
            file=sys.stderr,
        )
        return 1
    print(f"[serve] open http://127.0.0.1:{port}/ ; Ctrl-C ends", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
