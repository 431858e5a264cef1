"""`kpi dead-letters` as a person meets it, on an embedded broker. About 5 s."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from streams.embedded.broker import EmbeddedBroker
from tests.builders import Record, lead_created, ms
from tests.commands.runs import Say
from tests.letters.builders import BAD_CURRENCY, dead, mark, written

LETTERS = [
    dead(BAD_CURRENCY, offset=1, timestamp_ms=ms("10:05")),
    dead(lead_created("lead-1", customer_id=7), offset=2, timestamp_ms=ms("11:00")),
    dead(Record(3, 0, None, None), timestamp_ms=ms("11:30")),
    dead(b"nonsense of Anna Meier", offset=4, timestamp_ms=ms("12:00")),
    dead(BAD_CURRENCY, offset=5, timestamp_ms=ms("09:00")),
]


SECRET = "Anna Schmidt +49 151 1234567"
ODD = [
    dead(BAD_CURRENCY | {"type": SECRET, "source": "/crm/anna.schmidt@example.com"}, offset=1),
    dead(json.dumps(BAD_CURRENCY | {"type": "\ud800type", "source": "\ud800x"}), offset=2),
]
"""Letters whose types and sources are none, in a topic of their own."""


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        asyncio.run(_written(broker))
        yield broker


async def _written(broker: EmbeddedBroker) -> None:
    last = LETTERS[-1]
    await written(broker.address, "crm.dead-letters", LETTERS, [(last, mark(last))])
    await written(broker.address, "odd", ODD)


@pytest.fixture
def run(broker: EmbeddedBroker, said: Say, monkeypatch: pytest.MonkeyPatch) -> Say:
    """`kpi dead-letters ..` on the broker."""
    monkeypatch.setenv("KPI_BROKER", f"kafka://{broker.address}")
    return lambda *arguments: said("dead-letters", *arguments)


def test_they_are_listed_the_newest_first_without_those_that_came_back(run: Say) -> None:
    done = run("list", "--json")
    assert (done.status, done.err) == (0, "")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["id"][-1] for row in rows] == ["4", "3", "2", "1"]
    assert rows[-1] == {
        "id": "crm.events/3/1",
        "time": "2024-04-15T10:05:00.000Z",
        "reason": "unknown_currency",
        "field": "data.currency",
        "type": "crm.deal.won",
        "source": "text of 6 characters",
        "message": "no rate for 'XQX'; the catalog has EUR, GBP, USD",
        "replayed_at": None,
        "fixed": False,
    }


def test_they_are_chosen_and_shown_as_a_table(run: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "220")
    before_ten = ("--reason", "unknown_currency", "--until", "2024-04-15T10:00:00Z")
    done = run("list", "--all", *before_ten)
    assert (done.status, done.err) == (0, "")
    assert "crm.events/3/5" in done.out and "crm.events/3/1" not in done.out
    assert "published again 2024-04-15 09:01:00, changed" in done.out
    assert run("list", "--type", "crm.none").out == "no dead letters\n"


def test_one_is_shown_masked_and_its_bytes_only_when_they_are_wanted(run: Say) -> None:
    done = run("show", "crm.events/3/4")
    assert (done.status, done.err) == (0, "")
    assert "Anna" not in done.out and "record of 22 bytes" in done.out
    assert run("show", "crm.events/3/4", "--raw").out == "nonsense of Anna Meier"


@pytest.mark.parametrize(
    "arguments", [["list"], ["show", "crm.events/3/2"], ["stats"], ["list", "--raw"], ["stats", "--raw"]]
)
def test_what_no_encoding_can_write_is_escaped(
    run: Say, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("KPI_DEAD_LETTERS_TOPIC", "odd")
    assert run(*arguments).status == 0
    done = run(*arguments, "--json")
    assert (done.status, done.err) == (0, "")
    types = [json.loads(line)["type"] for line in done.out.splitlines()]
    assert ("\ud800type" if "--raw" in arguments else "text of 5 characters") in types


@pytest.mark.parametrize("arguments", [["list"], ["show", "crm.events/3/1"], ["stats"]])
def test_a_type_and_a_source_that_are_not_of_the_contract_are_masked(
    run: Say, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("KPI_DEAD_LETTERS_TOPIC", "odd")
    for how in ([], ["--json"]):
        done = run(*arguments, *how)
        assert done.status == 0
        assert "Schmidt" not in done.out and "anna" not in done.out
    assert SECRET in run("stats", "--raw", "--json").out


def test_a_replay_names_no_type_that_there_is_not(run: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_DEAD_LETTERS_TOPIC", "odd")
    done = run("replay", "crm.events/3/1", "--set", "type=crm.deal.won", "--set", "data.currency=EUR")
    assert (done.status, "1 would be published" in done.out) == (0, True)
    assert "Schmidt" not in done.out and "text of 28 characters" in done.out


def test_they_are_counted_by_reason_type_and_day(run: Say) -> None:
    done = run("stats", "--by", "day", "--all", "--json")
    assert (done.status, done.err) == (0, "")
    first = json.loads(done.out.splitlines()[0])
    assert first == {
        "reason": "unknown_currency",
        "type": "crm.deal.won",
        "number": 2,
        "first": "2024-04-15T09:00:00.000Z",
        "last": "2024-04-15T10:05:00.000Z",
        "steps": {"2024-04-15T00:00:00.000Z": 2},
    }
    assert "4 dead letters" in run("stats").out


def test_a_replay_says_what_it_would_do_and_why_some_stay(run: Say) -> None:
    done = run("replay", "--set", "data.currency=EUR", "--dry-run")
    assert done.status == 3
    assert done.out.splitlines() == [
        "1 would be published, through --set data.currency=EUR",
        "  crm.events/3/1  unknown_currency  crm.deal.won",
        "1 not published, refused again: wrong_type: data.customer_id: Expected `str`, got `int`",
        "  crm.events/3/2",
        "1 not published: the record has no value: there is nothing to publish",
        "1 not published: the original is no JSON object, so that nothing in it can be changed",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "crm.events/3/99"], "no dead letter in crm.dead-letters has this id"),
        (["show", "crm.events"], "topic/partition/offset"),
        (["list", "--reason", "bad_tim"], "did you mean 'bad_time'?"),
        (["replay", "--set", "currency"], "write PATH=VALUE"),
    ],
)
def test_what_cannot_be_meant_is_said_in_plain_words(run: Say, arguments: list[str], told: str) -> None:
    done = run(*arguments)
    assert (done.status, done.out) == (1, "")
    assert told in done.err and len(done.err.splitlines()) == 1


def test_without_a_broker_or_a_topic_it_is_said_what_to_do(
    broker: EmbeddedBroker, said: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    unset = said("dead-letters", "list")
    assert unset.status == 1
    assert unset.err == "kpi: KPI_BROKER is not set; e.g. KPI_BROKER=kafka://localhost:9092\n"
    monkeypatch.setenv("KPI_BROKER", f"kafka://{broker.address}")
    monkeypatch.setenv("KPI_DEAD_LETTERS_TOPIC", "none")
    none = said("dead-letters", "stats")
    assert none.status == 1 and "KPI_DEAD_LETTERS_TOPIC=none: there is no such topic" in none.err


def test_a_kafka_that_is_away_is_told_in_plain_words(said: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_BROKER", "kafka://127.0.0.1:1")
    done = said("dead-letters", "list")
    assert done.status == 1 and done.err.startswith("kpi: Kafka: ")
