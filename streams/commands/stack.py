"""The processes behind a command: configured services where there are some, embedded ones where not."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaError
from pydantic import SecretStr
from redis.exceptions import RedisError

from streams.embedded.broker import EmbeddedBroker
from streams.embedded.processes import Child, start
from streams.embedded.redis import EmbeddedRedis
from streams.errors import Unreachable
from streams.settings import Settings

STOP_S: Final = 8.0
"""More than a worker gives itself."""
DATA: Final = Path(".kpi")
"""Everything that embedded servers and child processes write lies in here, and goes when they stop."""


@contextmanager
def data_directory(name: str) -> Iterator[Path]:
    """A directory for one run, gone afterwards."""
    directory = DATA / name
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        with suppress(OSError):  # another run still uses it
            DATA.rmdir()


@contextmanager
def services(settings: Settings, directory: Path) -> Iterator[Settings]:
    """The settings with a broker and a Redis in them, embedded ones where none is configured.

    What they fail with inside is raised as Unreachable.
    """
    with ExitStack() as stack, in_plain_words():
        found: dict[str, object] = {}
        if settings.redis is None:
            found["redis"] = SecretStr(stack.enter_context(EmbeddedRedis(directory / "redis")).url)
        if settings.broker is None:
            broker = stack.enter_context(EmbeddedBroker())
            found |= {"broker": f"kafka://{broker.address}", "create_topics": False}
        yield settings.model_copy(update=found)


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Errors of Kafka and Redis become Unreachable."""
    try:
        yield
    except RedisError as error:
        raise Unreachable(f"Redis: {error}") from error
    except KafkaError as error:
        raise Unreachable(f"Kafka: {error}") from error


@contextmanager
def child(name: str, settings: Settings, directory: Path | None, *options: str) -> Iterator[Child]:
    """`worker_or_board`, stopped in good order at the end."""
    process = worker_or_board(name, settings, directory, *options)
    try:
        yield process
    finally:
        process.stop(STOP_S)


def worker_or_board(name: str, settings: Settings, directory: Path | None, *options: str) -> Child:
    """`kpi <name>` as a process of its own with these settings.

    Its log goes into the directory; without one, where our own output goes.
    """
    command = [sys.executable, "-m", "streams.cli", name, *options]
    return start(name, command, directory, settings.environment())
