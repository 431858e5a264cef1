"""From the vendors' webhooks to the numbers on the board, all of it real. About 20 s.

Every request of the story is sent twice, in any order. What the board then shows was computed by hand.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest
from pydantic import SecretStr

from streams.naming import APPLIED, UNCHANGED, rejects_total
from tests.servers import KafkaServer, RedisServer, answers_http, redis_binary
from tests.services.fleet import Fleet
from tests.services.vendors import SECRETS, STORY, Answer, Post, post, signed

TOLERANCE: Final = 0.1
"""Percentiles come from buckets."""

# (KPI, window, labels) -> value. By hand, from the story in tests/services/vendors.py.
EXPECTED: Final[dict[tuple[str, str, str], float]] = {
    ("lead_volume", "24h", ""): 2 + 3,
    ("lead_response", "24h", "quantile=0.5 clock=calendar"): 20 * 60,
    ("leads_waiting", "now", ""): 4,
    ("lead_conversion", "24h", "state=provisional"): 1 / 5,
    ("win_rate", "24h", ""): 4 / 6,
    ("revenue", "24h", "currency=USD"): 1_500 + 1_999.99 + 5_000.50 + 750.25,
    ("pipeline", "now", "currency=USD"): 800 + 300,
    ("tickets", "24h", ""): 1 + 1 + 2,
    ("first_response", "24h", "quantile=0.5 clock=calendar"): 30 * 60,
    ("first_response", "24h", "quantile=0.9 clock=calendar"): 90 * 60,
    ("reopen_rate", "24h", "state=provisional"): 1 / 3,
    ("backlog", "now", ""): 1,
    ("erasures_waiting", "now", ""): 1,
    ("mrr", "now", "currency=USD"): 140,
    ("mrr_movements", "24h", "movement=new currency=USD"): 70 + 10,
    ("mrr_movements", "24h", "movement=expansion currency=USD"): 70,
    ("mrr_movements", "24h", "movement=churned currency=USD"): 10,
    ("sales", "24h", "currency=USD"): 70 + 30 - 10,
    ("average_order", "24h", "currency=USD"): 50,
    ("refund_rate", "24h", ""): 10 / 100,
}


@pytest.fixture(scope="module")
def fleet(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A worker, a board and the webhooks."""
    secrets = {
        f"intake_{vendor}_{'tokens' if vendor == 'salesforce' else 'secrets'}": SecretStr(secret)
        for vendor, secret in SECRETS.items()
    }
    with ExitStack() as stack:
        redis = stack.enter_context(
            RedisServer(redis_binary("installed"), tmp_path_factory.mktemp("redis-of-vendors"))
        )
        fleet = Fleet.of("vendors", kafka, redis, tmp_path_factory.mktemp("vendors"), **secrets)
        stack.callback(fleet.stop)
        fleet.start_worker("worker")
        for name in ("board", "intake"):
            stack.callback(fleet.start(name, name).stop)
        yield fleet


def url(fleet: Fleet, vendor: str) -> str:
    return f"http://127.0.0.1:{fleet.ports['intake']}/{vendor}"


def sent(fleet: Fleet, one: Post) -> Answer:
    there, body = url(fleet, one.vendor), one.body()
    return post(there, body, signed(one.vendor, there, body))


def shown(fleet: Fleet) -> dict[tuple[str, str, str], float]:
    """What the board shows of the KPIs that are expected, as a whole."""
    kpis = "&".join(f"kpi={kpi}" for kpi in sorted({kpi for kpi, _, _ in EXPECTED}))
    found: list[Any] = fleet.get("board", f"/api/v1/readings?dimension=all&{kpis}").get("readings", [])
    values = {(one["kpi"], one["window"], labels(one)): one["value"] for one in found}
    return {key: values[key] for key in EXPECTED if key in values}


def labels(reading: Any) -> str:
    return " ".join(f"{name}={value}" for name, value in reading["labels"].items())


async def test_what_vendors_tell_twice_and_in_any_order_becomes_the_numbers_that_are_right(
    fleet: Fleet,
) -> None:
    await fleet.until(lambda: fleet.opened("worker"))
    await fleet.until(lambda: answers_http(fleet.ports["intake"], "/readyz"))
    posts = [*STORY, *STORY]
    random.Random(7).shuffle(posts)
    answers = [sent(fleet, one) for one in posts]
    assert [one for one in answers if one.status != 202] == []
    assert await fleet.is_exact()
    totals = await fleet.totals()
    assert not [name for name in totals if name.startswith(rejects_total(""))]
    assert totals[APPLIED] + totals[UNCHANGED] == sum(one.document["events"] for one in answers)
    await fleet.until(lambda: fleet.get("board", "/readyz").get("ready"))
    await fleet.until(lambda: shown(fleet).keys() == EXPECTED.keys())
    assert shown(fleet) == {key: pytest.approx(value, rel=TOLERANCE if "quantile" in key[2] else 1e-9) for key, value in EXPECTED.items()}
