"""`make chaos`: faults at random for some minutes; exits 1 when a number differs from the recount."""

import asyncio
import logging
import random
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import pytest
import typer
from rich.console import Console

from tests.chaos.bursts import Bursts
from tests.chaos.cluster import Stalled, a_cluster
from tests.chaos.run import Summary, chaos
from tests.servers import KafkaServer, RedisServer, kafka_libs, redis_binary

WEIGHTS: Final = {
    "worker": 10,
    "zombie": 3,
    "redis": 3,
    "rollback": 3,
    "cut": 3,
    "thief": 2,
    "kafka": 2,
    "hang": 1,
}
EVENTS_A_MINUTE: Final = 200_000
"""More than are ever published, so that their times stay within the history's days."""

console = Console(highlight=False, soft_wrap=True)


def main(
    minutes: Annotated[float, typer.Option(min=0.1, help="For how long faults go on.")] = 10.0,
    seed: Annotated[int | None, typer.Option(help="Of the history and of the faults; drawn without.")] = None,
) -> None:
    """Kill, pause and cut workers, Redis and Kafka at random, and compare the state with a recount."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    console.print(f"Faults for {minutes:g} minutes; once more with --seed {seed}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # its Kafka is killed on purpose
    directory = Path(tempfile.mkdtemp(prefix="kpi-chaos-"))
    try:
        summary = asyncio.run(_run(directory, minutes, seed))
    except (Stalled, pytest.skip.Exception) as error:  # skipped is what a test would be for want of a server
        console.print(f"{error}\nlogs: {directory}")
        raise typer.Exit(1) from None
    console.print(str(summary))
    if summary.differences:
        console.print(f"logs: {directory}")
        raise typer.Exit(1)
    shutil.rmtree(directory)


async def _run(directory: Path, minutes: float, seed: int) -> Summary:
    with (
        KafkaServer(directory / "kafka", kafka_libs()) as kafka,
        RedisServer(redis_binary("installed"), directory / "redis", aof=True) as redis,
    ):
        async with (
            a_cluster(kafka, redis, directory, "chaos") as cluster,
            Bursts(cluster.settings, seed, round(minutes * EVENTS_A_MINUTE)) as bursts,
        ):
            return await chaos(cluster, _for_minutes(minutes, seed), bursts, 0, console.print)


def _for_minutes(minutes: float, seed: int) -> Iterator[str]:
    rng, deadline = random.Random(seed), time.monotonic() + 60 * minutes
    while time.monotonic() < deadline:
        yield rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]


if __name__ == "__main__":
    typer.run(main)
