"""Run the stand-in by itself: python -m veo_client.stand_in --port 8900 --home DIR --speed 1"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from veo_client.stand_in.server import application
from veo_client.stand_in.switches import SWITCHES


def main() -> None:
    """Serve on loopback until it is stopped; as a child, until its input ends."""
    options = _options()
    with socket.socket() as listener:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", options.port))
        listener.listen(512)
        port = listener.getsockname()[1]
        app = application(options.home, speed=options.speed)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            # Or a client that polls rarely meets a connection that is just being closed.
            timeout_keep_alive=120,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        app.state.connections = lambda: server.server_state.connections
        _announce(port, child=options.child)
        server.run(sockets=[listener])


def _announce(port: int, *, child: bool) -> None:
    if child:
        print(json.dumps({"port": port}), flush=True)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        return
    address = f"http://127.0.0.1:{port}"
    print(
        "The stand-in for Google's video APIs is running: simulated videos, nothing is charged.\n"
        f"GOOGLE_GEMINI_BASE_URL={address}\n"
        f"GOOGLE_VERTEX_BASE_URL={address}",
        flush=True,
    )


def _end_with_parent() -> None:
    """The pipe from the parent ends when the parent does, also when it was killed."""
    sys.stdin.buffer.read()
    os._exit(0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="veo_client.stand_in",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Switches in a prompt:\n"
        + "\n".join(f"  {f'[{name}]':18} {what}" for name, what in SWITCHES.items()),
    )
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--home", type=Path, default=Path("outputs/.stand-in"))
    parser.add_argument("--speed", type=float, default=1.0, help="divides the simulated time")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
