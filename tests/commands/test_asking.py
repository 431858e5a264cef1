"""`kpi waiting` and `kpi explain`: asking a state that is there. About 10 s, with a real Redis."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from streams.commands.asking import ask_waiting, ask_why
from streams.commands.waiters import print_waiting
from streams.errors import SettingsError
from streams.serve.explaining import Which
from streams.serve.waiting import Question, Waiter, WaitingList
from streams.settings import Settings
from streams.state import connect
from tests.builders import CATALOG, deal_lost, deal_won, lead_created, ms, plan_of, shipped
from tests.commands.runs import Done, kpi
from tests.serve.builders import NAMESPACE, Writer

pytestmark = pytest.mark.timeout(60)
EVENTS = "events"


async def some_leads(redis_url: str) -> None:
    async with connect(redis_url) as client:
        writers = [await Writer.of(client, partition, partitions=2) for partition in range(2)]
        for number in range(6):
            event = lead_created(f"lead-{number}", f"10:{number}0", channel="web")
            await writers[number % 2].take(event)


def asked(directory: Path, redis_url: str, *arguments: str) -> Done:
    return kpi(directory, *arguments, redis=redis_url, namespace=NAMESPACE, ends_at=EVENTS)


async def test_the_oldest_are_listed_as_json(directory: Path, redis_url: str) -> None:
    await some_leads(redis_url)
    done = asked(directory, redis_url, "waiting", "leads_waiting", "--older", "20m", "--limit", "2", "--json")
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    assert (found["as_of"], found["number"]) == ("2024-04-15T10:50:00.000Z", 4)
    assert [(one["id"], one["age_seconds"]) for one in found["waiting"]] == [
        ("lead-0", 3000.0),
        ("lead-1", 2400.0),
    ]


async def test_the_oldest_are_listed_for_people(directory: Path, redis_url: str) -> None:
    await some_leads(redis_url)
    done = asked(directory, redis_url, "waiting", "leads_waiting", "--limit", "2")
    assert (done.status, done.err) == (0, "")
    assert "leads_waiting as of 2024-04-15T10:50:00.000Z: 6, the 2 oldest of them" in done.out
    assert "50 min 0 s" in done.out and "lead-0" in done.out and "lead-2" not in done.out


def test_an_unknown_measure_is_told_which_have_a_list(directory: Path, redis_url: str) -> None:
    done = asked(directory, redis_url, "waiting", "leads_wating")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "kpi: 'leads_wating' is no measure that keeps a waiting list; did you mean 'leads_waiting'?; "
        "known: leads_waiting, deals_open, tickets_open, incidents_open, erasures_waiting, erasures_overdue\n"
    )


def test_a_redis_that_does_not_answer_is_told_in_plain_words(directory: Path) -> None:
    done = asked(directory, "redis://127.0.0.1:1", "waiting", "leads_waiting")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("kpi: Redis: ")


# -- kpi explain ------------------------------------------------------------------------------------------


async def some_deals(redis_url: str) -> None:
    """Three won and one lost, in two partitions; one of the won on another day, by mail."""
    async with connect(redis_url) as client:
        writers = [await Writer.of(client, partition, partitions=2) for partition in range(2)]
        await writers[0].take(
            deal_won("deal-1", "10:00", channel="web"), deal_lost("deal-2", "11:00", channel="web")
        )
        await writers[1].take(deal_won("deal-3", "12:00", channel="web"))
        await writers[1].take(deal_won("deal-4", "2024-04-02 09:00", channel="mail"))


async def test_a_number_is_explained_down_to_its_panes_as_json(directory: Path, redis_url: str) -> None:
    await some_deals(redis_url)
    done = asked(directory, redis_url, "explain", "win_rate", "--json")
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    assert (found["window"], found["filled"], found["value"]) == ("30d", "3 / (3 + 1)", 0.75)
    won, lost = found["measures"]
    assert (won["text"], won["value"], lost["text"], lost["value"]) == ("deals_won", "3", "deals_lost", "1")
    assert won["panes"] == {
        "tier": "day",
        "number": 2,
        "largest": [{"start": "2024-04-15", "value": 2}, {"start": "2024-04-02", "value": 1}],
        "last": [{"start": "2024-04-02", "value": 1}, {"start": "2024-04-15", "value": 2}],
    }


async def test_a_slice_is_explained_for_people(directory: Path, redis_url: str) -> None:
    await some_deals(redis_url)
    slice_ = ("--window", "24h", "--dimension", "channel", "--member", "web")
    done = asked(directory, redis_url, "explain", "win_rate", *slice_)
    assert (done.status, done.err) == (0, "")
    for said in ("Win rate, 24h, channel=web, as of 2024-04-15T12:00:00.000Z", "= 2 / (2 + 1)", "= 66.7 %"):
        assert said in done.out


@pytest.mark.parametrize(
    ("arguments", "what", "known"),
    [
        (("win_rat",), "unknown KPI 'win_rat'", "win_rate"),
        (("win_rate", "--window", "5m"), "unknown window '5m'", "1h, 24h"),
        (("win_rate", "--dimension", "plan"), "unknown dimension 'plan'", "all, channel"),
        (("win_rate", "--dimension", "channel", "--member", "x"), "unknown channel 'x'", "mail, web"),
        (("churn", "--label", "kind=x"), "unknown series of churn 'kind=x'", "kind=all, kind=voluntary"),
        (("churn", "--label", "kind"), "--label kind: write NAME=VALUE", "quantile=0.9"),
    ],
)
async def test_what_there_is_not_is_told_with_what_there_is(
    directory: Path, redis_url: str, arguments: tuple[str, ...], what: str, known: str
) -> None:
    await some_deals(redis_url)
    done = asked(directory, redis_url, "explain", *arguments)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"kpi: {what}")
    assert known in done.err


async def test_numbers_of_several_partitions_are_explained_by_their_sum(redis_url: str) -> None:
    """And what is said adds up."""
    await some_deals(redis_url)
    settings = Settings.read(redis=redis_url, namespace=NAMESPACE, ends_at=EVENTS)
    for kpi_ in ("win_rate", "revenue", "sales_cycle"):
        explanation = (await ask_why(settings, shipped(), Which(kpi_))).explanation
        for operand in explanation.operands:
            if operand.text in ("deals_won", "deals_lost", "revenue"):
                assert str(sum(pane.value for pane in operand.panes)) == operand.value


# -- What keeps from asking -------------------------------------------------------------------------------

QUESTION = Question("leads_waiting")


async def test_a_namespace_without_state_or_of_another_catalog_is_told_so(redis_url: str) -> None:
    settings = Settings.read(redis=redis_url, namespace=NAMESPACE, ends_at=EVENTS)
    with pytest.raises(SettingsError, match=f"KPI_NAMESPACE={NAMESPACE}: no worker has been here yet"):
        await ask_waiting(settings, shipped(), QUESTION)
    async with connect(redis_url) as client:
        writer = await Writer.of(client)
        with pytest.raises(SettingsError, match="no event was accepted yet"):
            await ask_waiting(settings, shipped(), QUESTION)
        await writer.take(lead_created("lead-1"))
    assert (await ask_waiting(settings, shipped(), QUESTION)).number == 1
    other = plan_of(CATALOG.read_text().replace("time_zone: UTC", "time_zone: Europe/Berlin"))
    with pytest.raises(SettingsError, match="made with another catalog"):
        await ask_waiting(settings, other, QUESTION)


# -- What is printed --------------------------------------------------------------------------------------


def printed(*waiters: Waiter, older_ms: int = 0, number: int | None = None) -> str:
    file = io.StringIO()
    question = Question("leads_waiting", older_ms)
    found = WaitingList(question, ms("18:00"), len(waiters) if number is None else number, waiters)
    print_waiting(Console(file=file, width=200), found)
    return file.getvalue()


def test_nobody_waiting_is_said_in_a_sentence() -> None:
    text = printed(older_ms=3_600_000)
    assert text == "leads_waiting as of 2024-04-15T18:00:00.000Z: nobody for 1 h 0 min or longer\n"


def test_ids_are_shown_as_they_are_and_a_terminal_obeys_none() -> None:
    nasty = "[/red] [bold]x[/bold] \x1b[2J\u202e"
    fields = {"user_id": nasty, "course_id": "c-1"}
    text = printed(Waiter(fields, ms("10:00"), 100, "https://crm.example/x"), number=3)
    assert "user_id / course_id" in text and "https://crm.example/x" in text
    assert "[/red] [bold]x[/bold] \\x1b[2J\\u202e / c-1" in text
    assert "\x1b" not in text
