"""Serve the built site to this machine's own browser."""

import functools
import http.server
import sys
from pathlib import Path

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"


def main() -> int:
    """Serve until Ctrl-C; the port is the first argument, 8000 without one."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(SITE))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
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
