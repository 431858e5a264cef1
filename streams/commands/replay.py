"""`kpi replay`: a file through the whole system, and the readings that come out.

It works in a topic, a group and a namespace of its own, also on configured servers; they are gone afterwards.
"""

import asyncio
import base64
import gzip
import secrets
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Final

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DeleteGroupsRequest

from schemas.dead_letter import MAX_ORIGINAL_BYTES, DeadLetter
from streams.commands.followed import Check, FollowedPublisher
from streams.commands.stack import child, data_directory, services
from streams.embedded.processes import Child, free_port
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.errors import Held, KpiError, Unreachable
from streams.kafka.outline import OF_CONTRACT, Outliner
from streams.kafka.publisher import Publisher, Sent
from streams.kafka.reading import read_topic
from streams.kafka.topics import create_topics
from streams.naming import APPLIED, UNCHANGED, rejects_total
from streams.serve.view import read_once
from streams.settings import Settings
from streams.state import connect, erase, refuse_eviction
from streams.worker.bad_share import TOO_MANY

STDIN: Final = "-"
GZIP: Final = b"\x1f\x8b"
"""What a gzipped file begins with."""
FILE_HEADER: Final = "file"
LINE_HEADER: Final = "line"
WATCH_S: Final = 0.3


_Time: Final = Annotated[datetime, msgspec.Meta(tz=True)]
_UNREADABLE: Final = (OSError, EOFError, zlib.error)


class BadFile(KpiError):
    """A file cannot be read."""


class TooManyBad(KpiError):
    """So many of the lines are bad that the worker has stopped counting."""

    status = 3


@dataclass(slots=True)
class Counts:
    """What became of the lines."""

    published: int = 0
    skipped: int = 0
    """Later than --as-of."""
    applied: int = 0
    unchanged: int = 0
    """Valid events that changed no fact."""
    dead_letters: int = 0


@dataclass(slots=True)
class Outcome:
    """What a replay found. `as_of_ms` is None when there was no event."""

    as_of_ms: int | None = None
    counts: Counts = field(default_factory=Counts)
    readings: list[Reading] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replay whose topic, worker and tables are still there."""

    outcome: Outcome
    settings: Settings
    """With the names that are its own."""
    directory: Path
    check: Check


async def replay(
    files: list[str], settings: Settings, plan: Plan, as_of_ms: int | None, advance: Callable[[int], None]
) -> Outcome:
    """What comes out of the files; nothing is left behind. It raises what `replaying` does."""
    async with replaying(files, settings, plan, as_of_ms, advance) as replayed:
        return replayed.outcome


@asynccontextmanager
async def replaying(
    files: list[str], settings: Settings, plan: Plan, as_of_ms: int | None, advance: Callable[[int], None]
) -> AsyncIterator[Replayed]:
    """Publish, apply, wait, read; tidy up at the end. `advance` is told of each round that was published.

    BadFile when a file cannot be read, TooManyBad when too many of its lines are, StartError when the worker
    does not come up or dies, Unreachable when Kafka or Redis fails, Held when Redis would evict.
    """
    for name in files:
        if name != STDIN:  # what was read of it would be gone
            _open(name).close()  # before anything is started
    run = f"replay-{secrets.token_hex(4)}"
    with data_directory(run) as directory, services(settings, directory) as found:
        own = _own(found, run)
        async with AsyncExitStack() as cleanup:
            redis = connect(own.redis_url())
            cleanup.push_async_callback(redis.aclose)
            await refuse_eviction(redis)  # the worker would, too, and wait
            if own.create_topics:
                await create_topics(own)
                cleanup.push_async_callback(_leave_kafka, own)
            cleanup.push_async_callback(erase, redis, run)
            worker = cleanup.enter_context(child("worker", own, directory))
            publisher = await cleanup.enter_async_context(FollowedPublisher(own, redis, Outliner(plan.types)))
            check = await cleanup.enter_async_context(_watched(worker, own))
            outcome = Outcome()
            lines = _to_publish(_lines(files), outcome, as_of_ms)
            await publisher.publish_all(lines, check, advance)
            await _read(outcome, own, plan, publisher, as_of_ms)
            yield Replayed(outcome, own, directory, check)


def _own(settings: Settings, run: str) -> Settings:
    """These settings, with names that nobody else has."""
    return settings.model_copy(
        update={
            "topic": f"crm.{run}",
            "dead_letters_topic": f"crm.{run}.dead-letters",
            "namespace": run,
            "ends_at": "events",
            "worker_port": free_port(),
            "worker_host": "127.0.0.1",
        }
    )


# -- The worker -------------------------------------------------------------------------------------------


@asynccontextmanager
async def _watched(worker: Child, settings: Settings) -> AsyncIterator[Check]:
    """A check that fails when the worker has ended, or holds a partition: nothing more would come of it."""
    found: list[KpiError] = []

    async def watch(http: ClientSession) -> None:
        while not found:
            found.extend(await _holds(http, settings))
            await asyncio.sleep(WATCH_S)

    def check() -> None:
        worker.check()
        if found:
            raise found[0]
        if watching.done():
            watching.result()  # nobody would hear of a hold any more

    async with ClientSession(timeout=ClientTimeout(total=5)) as http:
        watching = asyncio.create_task(watch(http))
        try:
            yield check
        finally:
            watching.cancel()
            await asyncio.wait([watching])


async def _holds(http: ClientSession, settings: Settings) -> list[KpiError]:
    """What the worker says of the partitions that it holds; nothing while it does not answer."""
    try:
        async with http.get(f"http://{settings.worker_host}:{settings.worker_port}/readyz") as reply:
            return _held(await reply.read())
    except (ClientError, TimeoutError):
        return []


class _Shown(msgspec.Struct):
    """What /readyz says of a partition."""

    state: str
    reason: str = ""
    message: str = ""


class _Ready(msgspec.Struct):
    partitions: dict[str, _Shown]


def _held(reply: bytes) -> list[KpiError]:
    """Of a reply of /readyz; nothing of one that is something else, for then it is not known."""
    try:
        partitions = msgspec.json.decode(reply, type=_Ready).partitions
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    return [
        TooManyBad(f"partition {number}: {one.message}")
        if one.reason == TOO_MANY
        else Held(one.reason, one.message)
        for number, one in partitions.items()
        if one.state == "held"
    ]


# -- Lines ------------------------------------------------------------------------------------------------


def _open(name: str) -> IO[bytes]:
    if name == STDIN:
        piped = open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115  # the caller closes it
        return gzip.open(piped) if piped.peek(2)[:2] == GZIP else piped  # type: ignore[return-value]  # see below
    try:
        if name.endswith(".gz"):
            with gzip.open(name) as file:
                file.peek(1)
            return gzip.open(name)  # type: ignore[return-value]  # a GzipFile is one, though not declared so
        return Path(name).open("rb")
    except _UNREADABLE as error:
        raise BadFile(f"{name}: {getattr(error, 'strerror', None) or error}") from None


def _lines(files: Iterable[str]) -> Iterator[Sent]:
    """Every line that is not empty, with its file and its number as headers."""
    for name in files:
        with _open(name) as file:
            try:
                for number, line in enumerate(file, 1):
                    if text := line.strip():
                        yield Sent(text, ((FILE_HEADER, name.encode()), (LINE_HEADER, str(number).encode())))
            except _UNREADABLE as error:
                raise BadFile(f"{name}: {error}") from None


def _is_later(line: bytes, as_of_ms: int) -> bool:
    try:
        time = msgspec.convert(OF_CONTRACT.outline(line).time, _Time)  # reads what the worker's decoder reads
    except msgspec.ValidationError:
        return False  # the worker says what is wrong with it
    return bool(time.timestamp() * 1000 > as_of_ms)


def _to_publish(lines: Iterable[Sent], outcome: Outcome, as_of_ms: int | None) -> Iterator[Sent]:
    """The lines, counted; those later than `as_of_ms` are skipped, and those that no Kafka takes refused."""
    for line in lines:
        if as_of_ms is not None and _is_later(line.value, as_of_ms):
            outcome.counts.skipped += 1
            continue
        outcome.counts.published += 1
        if len(line.value) > MAX_ORIGINAL_BYTES:
            outcome.dead_letters.append(_too_large(line))
        else:
            yield line


def _too_large(line: Sent) -> DeadLetter:
    """The letter of a line that was never a record."""
    return DeadLetter(
        reason="too_large",
        field=None,
        message=f"{len(line.value)} bytes; an event has at most {MAX_ORIGINAL_BYTES}",
        topic="",
        partition=0,
        offset=0,
        timestamp_ms=0,
        key=None,
        value=None,
        headers=[(name, base64.b64encode(value).decode()) for name, value in line.headers],
        size=len(line.value),
    )


# -- What came out ----------------------------------------------------------------------------------------


async def _read(
    outcome: Outcome, settings: Settings, plan: Plan, publisher: Publisher, as_of_ms: int | None
) -> None:
    redis = connect(settings.redis_url())
    try:
        once = await read_once(redis, settings.namespace, len(publisher.partitions), plan, as_of_ms)
    finally:
        await redis.aclose()
    outcome.as_of_ms = once.now_ms
    outcome.readings = once.readings
    outcome.counts.applied = once.totals.get(APPLIED, 0)
    outcome.counts.unchanged = once.totals.get(UNCHANGED, 0)
    outcome.counts.dead_letters = len(outcome.dead_letters) + sum(
        number for total, number in once.totals.items() if total.startswith(rejects_total(""))
    )
    _check_counts(outcome.counts)
    outcome.dead_letters += await _dead_letters(settings)
    outcome.dead_letters.sort(key=lambda letter: (letter.header(FILE_HEADER) or "", line_of(letter)))


def _check_counts(counts: Counts) -> None:
    """Every line is accounted for, or nothing is said."""
    found = counts.applied + counts.unchanged + counts.dead_letters
    if found != counts.published:
        raise Unreachable(
            f"{counts.published:,} lines were published, but {found:,} arrived: the broker lost some"
        )


async def _dead_letters(settings: Settings) -> list[DeadLetter]:
    """One letter for each record that was refused."""
    records = await read_topic(settings.kafka_client(), settings.dead_letters_topic)
    letters = {record.key: DeadLetter.from_json(record.value) for record in records if record.value}
    return list(letters.values())


def line_of(letter: DeadLetter) -> int:
    """The number of the line that the letter is about."""
    return int(letter.header(LINE_HEADER) or 0)


async def _leave_kafka(settings: Settings) -> None:
    """Delete the topics and the group; Kafka by itself forgets an empty group only after some minutes."""
    admin, group = AIOKafkaAdminClient(**settings.kafka_client()), settings.group_id()
    await admin.start()
    try:
        await admin.delete_topics([settings.topic, settings.dead_letters_topic])
        coordinator = await admin.find_coordinator(group)
        await admin._send_request(DeleteGroupsRequest([group]), coordinator)  # it has no public way to do so
    finally:
        await admin.close()
