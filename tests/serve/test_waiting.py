"""Who waits: the oldest of all partitions, as many as were asked for, with a way to each. About 3 s."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from redis.asyncio import Redis

from streams.engine.plan import Plan
from streams.errors import BadParameter
from streams.serve.waiting import MOST, Question, WaitingList, who_waits
from streams.state import Changes, Feed
from tests.builders import CATALOG, lead_contacted, lead_created, ms, plan_of, shipped
from tests.serve.builders import NAMESPACE, NOW_MS, StillBoard, Writer, board_on, showing, until, web

LINKED = plan_of(CATALOG.read_text().replace("/leads/{id}", "/leads/{id}?from=kpi"))
UNLINKED = plan_of(
    "".join(
        line for line in CATALOG.read_text().splitlines(keepends=True) if not line.startswith("    link:")
    )
)
MINUTE_MS = 60_000


def feeds(client: Redis, partitions: int = 2) -> list[Feed]:
    return [Feed(client, NAMESPACE, partition) for partition in range(partitions)]


async def asked(
    client: Redis, older: str = "", limit: str = "", plan: Plan = LINKED, now_ms: int = NOW_MS
) -> WaitingList:
    question = Question.checked(plan, "leads_waiting", older, limit)
    return await who_waits(feeds(client), plan, question, now_ms)


async def two_partitions(client: Redis) -> None:
    """Leads of every ten minutes, dealt out in turn; the third was answered."""
    writers = [await Writer.of(client, partition, partitions=2) for partition in range(2)]
    for number in range(7):
        await writers[number % 2].take(lead_created(f"lead-{number}", f"1{number // 6}:{number % 6}0"))
    await writers[0].take(lead_contacted("lead-2", "12:00"))


async def test_the_oldest_of_all_partitions_come_first_with_their_exact_age(client: Redis) -> None:
    await two_partitions(client)
    found = await asked(client, limit="4")
    assert [waiter.name for waiter in found.waiters] == ["lead-0", "lead-1", "lead-3", "lead-4"]
    assert [waiter.since_ms for waiter in found.waiters] == [
        ms(at) for at in ("10:00", "10:10", "10:30", "10:40")
    ]
    assert all(waiter.age_ms == NOW_MS - waiter.since_ms for waiter in found.waiters)
    assert found.number == 6


async def test_only_those_are_counted_and_listed_who_wait_so_long(client: Redis) -> None:
    await two_partitions(client)
    found = await asked(client, older="440m")
    assert ([waiter.name for waiter in found.waiters], found.number) == (
        ["lead-0", "lead-1", "lead-3", "lead-4"],
        4,
    )
    found = await asked(client, older="441m")
    assert (len(found.waiters), found.number) == (3, 3)


async def test_who_waits_from_a_later_time_on_does_not_wait_yet(client: Redis) -> None:
    await two_partitions(client)
    found = await asked(client, now_ms=ms("10:30"))
    assert [waiter.name for waiter in found.waiters] == ["lead-0", "lead-1", "lead-3"]
    assert (await asked(client, now_ms=ms("09:00"))).number == 0


async def test_who_began_to_wait_at_once_comes_in_the_order_of_ids(client: Redis) -> None:
    writers = [await Writer.of(client, partition, partitions=2) for partition in range(2)]
    for number in range(20):
        await writers[number % 2].take(lead_created(f"lead-{number:02}", "10:00"))
    found = await asked(client, limit="7")
    assert [waiter.name for waiter in found.waiters] == [f"lead-{number:02}" for number in range(7)]


async def test_ages_tell_of_all_who_wait_whatever_is_listed(client: Redis) -> None:
    """They came at 10:00, 10:10, 10:30, 10:40, 10:50 and 11:00; that of 10:20 was answered."""
    await two_partitions(client)
    found = await asked(client, older="470m", limit="1")
    assert [(age.from_ms // MINUTE_MS, age.number) for age in found.ages if age.number] == [(240, 6)]
    found = await asked(client, now_ms=ms("11:00"))
    by_age = {age.from_ms // MINUTE_MS: age.number for age in found.ages}
    assert by_age == {0: 2, 15: 3, 60: 1, 240: 0, 1440: 0, 4320: 0, 10080: 0, 43200: 0}
    assert sum(by_age.values()) == found.number == 6
    assert [age.to_ms for age in found.ages] == [*(age.from_ms for age in found.ages[1:]), None]


HOSTILE = "../../admin?x=1#\x1b[2J</a> ü/"


async def test_an_id_stays_within_its_place_in_the_link(client: Redis) -> None:
    writer = await Writer.of(client)
    await writer.take(lead_created(HOSTILE, "10:00"))
    (waiter,) = (await asked(client)).waiters
    assert waiter.fields == {"lead_id": HOSTILE}
    address = urlsplit(waiter.link or "")
    assert (address.netloc, address.path.count("/"), parse_qs(address.query)) == (
        "crm.example",
        2,
        {"from": ["kpi"]},
    )
    assert (waiter.link or "").isascii() and (waiter.link or "").isprintable()
    assert (await asked(client, plan=UNLINKED)).waiters[0].link is None


async def test_an_id_of_several_fields_is_told_part_by_part(client: Redis) -> None:
    lead = LINKED.subjects["lead"]
    pair = replace(lead, subject=lead.subject.model_copy(update={"id": ["user_id", "course_id"]}))
    plan = replace(LINKED, subjects={**LINKED.subjects, "lead": pair})
    writer = await Writer.of(client)
    await writer.commit(Changes(waiting={"leads_waiting": {"user/1\x1fcourse 2": NOW_MS - MINUTE_MS}}))
    (waiter,) = (await asked(client, plan=plan)).waiters
    assert waiter.name == "user/1 / course 2"
    assert waiter.fields == {"user_id": "user/1", "course_id": "course 2"}
    assert waiter.link == "https://crm.example/leads/user%2F1/course%202?from=kpi"


@pytest.mark.parametrize(
    ("given", "parameter", "known"),
    [
        ({"measure": "leads"}, "measure", "tickets_open"),
        ({"measure": ""}, "measure", "leads_waiting"),
        ({"measure": "leads_waiting", "older": "soon"}, "older", "1h"),
        ({"measure": "leads_waiting", "older": "1h\n"}, "older", "1h"),
        ({"measure": "leads_waiting", "limit": "0"}, "limit", str(MOST)),
        ({"measure": "leads_waiting", "limit": "9" * 400}, "limit", str(MOST)),
        ({"measure": "leads_waiting", "limit": "²"}, "limit", str(MOST)),
    ],
)
def test_a_question_that_cannot_be_is_told_what_could(
    given: dict[str, str], parameter: str, known: str
) -> None:
    with pytest.raises(BadParameter) as refused:
        Question.checked(shipped(), **given)
    assert refused.value.parameter == parameter
    assert known in refused.value.known


# -- /api/v1/waiting --------------------------------------------------------------------------------------


async def get(board: Any, query: str) -> tuple[int, Any]:
    async with web(board) as client:
        response = await client.get(f"/api/v1/waiting?{query}")
        return response.status, json.loads(await response.text())


async def test_a_board_tells_who_waits(client: Redis) -> None:
    await two_partitions(client)
    async with board_on(client, plan=LINKED) as board:
        await until(lambda: bool(board.shown().readings))
        status, found = await get(board, "measure=leads_waiting&older=1h&limit=1")
    assert status == 200
    assert {"from_seconds": 14_400.0, "to_seconds": 86_400.0, "number": 6} in found.pop("ages")
    assert found == {
        "as_of": "2024-04-15T18:00:00.000Z",
        "measure": "leads_waiting",
        "older_seconds": 3600.0,
        "number": 6,
        "waiting": [
            {
                "id": "lead-0",
                "fields": {"lead_id": "lead-0"},
                "since": "2024-04-15T10:00:00.000Z",
                "age_seconds": 28800.0,
                "link": "https://crm.example/leads/lead-0?from=kpi",
            }
        ],
    }


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "measure"),
        ("measure=revenue", "measure"),
        ("measure=leads_waiting&older=1%27", "older"),
        ("measure=leads_waiting&measure=tickets_open", "measure"),
        ("measures=leads_waiting", "measures"),
    ],
)
async def test_a_query_that_cannot_be_is_refused(query: str, parameter: str) -> None:
    status, fault = await get(StillBoard(showing()), query)
    assert (status, fault["parameter"]) == (400, parameter)
    assert fault["known"]


async def test_a_board_that_has_not_read_everything_does_not_tell_half() -> None:
    status, fault = await get(StillBoard(showing()), "measure=leads_waiting")
    assert (status, fault) == (503, {"error": "not every partition was read yet"})
