"""`kpi import`: files of the past to events, in a file or in Kafka."""

import asyncio
import hashlib
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from streams.commands.stack import in_plain_words
from streams.engine.plan import Plan
from streams.errors import SettingsError, Unreachable
from streams.imports.encodings import opened
from streams.imports.into_kafka import KafkaSink
from streams.imports.job import Job
from streams.imports.journal import DIRECTORY, Journal
from streams.imports.mapping import CheckedMapping, read_mapping
from streams.imports.ndjson import ndjson
from streams.imports.records import Records
from streams.imports.rejects import rejects_file
from streams.imports.run import Import, Imported, Sink, Watcher
from streams.kafka.bulk import BulkPublisher
from streams.kafka.retention import topic_of
from streams.kafka.topics import create_topics
from streams.settings import Settings


def mapping_of(path: Path, plan: Plan) -> CheckedMapping:
    """The mapping at `path`; SettingsError when it cannot be read, MappingError when it is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--mapping {path}: {getattr(error, 'strerror', None) or error}") from None
    return read_mapping(text, str(path), plan)


class Interrupted(Exception):
    """Somebody wanted an import into a file to stop; there is no file."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be imported, and how."""

    files: Sequence[Path]
    job: Job
    mapping: Path
    """The file that the job's mapping was read from."""
    rejects: Path | None
    """Where what is skipped is written to."""


def import_into_file(wanted: Wanted, out: Path, watcher: Watcher) -> list[Imported]:
    """The events of all files into one; Interrupted when it is not complete, for then it is not there.

    SettingsError when a file that is written is one that is read.
    """
    _must_be_apart(wanted, {"--out": out, "--rejects": wanted.rejects})
    with ndjson(out) as sink:
        done = list(_imported(wanted, sink, watcher, lambda path: None))
        if not _is_complete(wanted, done):
            raise Interrupted
        return done


def import_into_kafka(wanted: Wanted, settings: Settings, watcher: Watcher, *, again: bool) -> list[Imported]:
    """The events of all files into the topic of `settings`, from where an earlier import has left off.

    `again`: from the beginning. SettingsError as of a file; Unreachable when Kafka does not take them,
    TooOld when it would not keep them.
    """
    _must_be_apart(wanted, {"--rejects": wanted.rejects})
    with in_plain_words():
        if settings.create_topics:
            asyncio.run(create_topics(settings))
    with BulkPublisher(settings) as publisher, _with_remedy():
        topic = topic_of(settings)
        records = Records(wanted.job.plan, wanted.job.now_ms, topic)

        def journal(path: Path) -> Journal:
            where = [settings.bootstrap_servers(), settings.topic, topic.id]
            found = Journal(DIRECTORY, path, [*where, *_identity(wanted.job)])
            if again:
                found.forget()
            return found

        return list(_imported(wanted, KafkaSink(publisher, records), watcher, journal))


def _must_be_apart(wanted: Wanted, written: dict[str, Path | None]) -> None:
    """SettingsError when what is written would take the place of what is read, or of what is written, too."""
    taken = {"a file that is imported": wanted.files, "the mapping": [wanted.mapping]}
    taken["a table of the mapping"] = wanted.job.tables()
    for option, path in written.items():
        if path is None:
            continue
        for what, others in taken.items():
            if any(_are_one(path, other) for other in others):
                raise SettingsError(f"{option} {path} is {what}: choose another name")
        taken[f"the file of {option}"] = [path]


def _are_one(path: Path, other: Path) -> bool:
    """Whether two names are of one file, if there is one."""
    return path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other))


@contextmanager
def _with_remedy() -> Iterator[None]:
    try:
        yield
    except Unreachable as error:
        raise Unreachable(f"{error}. The same command goes on where this one has ended") from error


def _identity(job: Job) -> list[str]:
    """What else decides which events a file becomes."""
    mapping = hashlib.sha256(job.mapping.model_dump_json().encode()).hexdigest()
    return [mapping, job.plan.fingerprint, str(job.since_ms)]


def _imported(
    wanted: Wanted, sink: Sink, watcher: Watcher, journal: Callable[[Path], Journal | None]
) -> Iterator[Imported]:
    """File after file, until all are through or somebody wants it to stop."""
    for path in wanted.files:  # before anything is written
        opened(path).close()
    with stoppable() as go_on, rejects_file(wanted.rejects) as rejects:
        how = Import(wanted.job, sink, watcher, go_on, rejects)
        for path in wanted.files:
            yield (done := how.file(path, journal(path)))
            if not done.is_complete:
                return


def _is_complete(wanted: Wanted, done: Sequence[Imported]) -> bool:
    return len(done) == len(wanted.files) and all(one.is_complete for one in done)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Whether to go on: no more after SIGTERM or Ctrl-C. A second one ends at once."""
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: not asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
