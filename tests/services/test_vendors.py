"""From the vendors' webhooks to the numbers on the board, all of it real. About 20 s.

Every request of the story is sent twice, in any order. What the board then shows was computed by hand.
"""

import json
import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import Any, Final, NamedTuple

import pytest
from pydantic import SecretStr

from streams.naming import APPLIED, UNCHANGED
from tests.asking import Answer, post
from tests.pages import DOCS, block, printed
from tests.servers import KafkaServer, RedisServer, answers_http, redis_binary, unavailable
from tests.services.fleet import Fleet
from tests.services.vendors import JSON, SECRETS, STORY, Post, signed

HOUR_S: Final = 3_600
TOO_LONG_MS: Final = 360_000
"""Signatures are good for five minutes."""
SKEWS_MS: Final = (-240_000, 240_000)
"""Of clocks that are wrong, but not too wrong."""
EXPECTED: Final = {
    "crm_leads 24h": 2 + 3,
    "crm_leads_waiting now": 4,
    "crm_leads_waiting_oldest_seconds now": 7.5 * HOUR_S,
    "crm_lead_conversion_ratio{state=provisional} 24h": 1 / 5,
    "crm_win_ratio 24h": 4 / 6,
    "crm_revenue{currency=USD} 24h": 1_500 + 1_999.99 + 5_000.50 + 750.25,
    "crm_pipeline{currency=USD} now": 800 + 300,
    "crm_tickets 24h": 1 + 1 + 2,
    "crm_tickets_open now": 1,
    "crm_reopen_ratio{state=provisional} 24h": 1 / 3,
    "crm_csat_ratio 24h": 1,
    "crm_erasures_waiting now": 1,
    "crm_mrr{currency=USD} now": 140,
    "crm_mrr_movement{currency=USD,movement=new} 24h": 70 + 10,
    "crm_mrr_movement{currency=USD,movement=expansion} 24h": 70,
    "crm_mrr_movement{currency=USD,movement=churned} 24h": 10,
    "crm_sales{currency=USD} 24h": 70 + 30 - 10,
    "crm_average_order{currency=USD} 24h": 50,
    "crm_refund_ratio 24h": 10 / 100,
}
"""Series and window -> what the board must show. By hand, from the story in tests/services/vendors.py."""
ABOUT: Final = {
    "crm_lead_response_seconds{clock=calendar,quantile=0.5} 24h": HOUR_S / 3,
    "crm_first_response_seconds{clock=calendar,quantile=0.5} 24h": HOUR_S / 2,
    "crm_first_response_seconds{clock=calendar,quantile=0.9} 24h": HOUR_S * 1.5,
}
"""Percentiles, which come from buckets: at most 10 % off."""


class Page(NamedTuple):
    """What a vendor's page posts by curl, and what then is on the board."""

    secret: str
    events: int
    shows: Mapping[str, float]


PAGES: Final = {
    "hubspot": Page("choose-a-long-secret", 3, {"crm_revenue{currency=USD} 24h": 1_299.90}),
    "salesforce": Page("choose-a-long-token", 1, {"crm_leads 24h": 1}),
    "zendesk": Page(SECRETS["zendesk"], 1, {"crm_tickets 24h": 1}),
    "stripe": Page("whsec_0123456789abcdef", 1, {"crm_mrr{currency=USD} now": 140 + 75}),
}


@pytest.fixture(scope="module")
def fleet(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A worker, a board and the webhooks."""
    secrets = {
        setting_of(vendor): SecretStr(
            f"{secret},{PAGES[vendor].secret}"
        )  # two at once, as while one is exchanged
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
            process = fleet.start(name, name)
            stack.callback(process.stop)
        process.wait_until(lambda: answers_http(fleet.ports["intake"], "/readyz"))
        yield fleet


def setting_of(vendor: str) -> str:
    return f"intake_{vendor}_{'tokens' if vendor == 'salesforce' else 'secrets'}"


def url(fleet: Fleet, vendor: str) -> str:
    return f"http://127.0.0.1:{fleet.ports['intake']}/{vendor}"


def sent(fleet: Fleet, one: Post) -> Answer:
    there, body = url(fleet, one.vendor), one.body()
    return post(there, body, signed(one.vendor, there, body))


def shown(fleet: Fleet, expected: Mapping[str, Any]) -> dict[str, float]:
    """Series and window -> what the board shows of those that are expected."""
    found: list[Any] = fleet.get("board", "/api/v1/readings?dimension=all").get("readings", [])
    values = {f"{series(one)} {one['window']}": one["value"] for one in found}
    return {name: values[name] for name in expected if name in values}


def series(reading: Any) -> str:
    labels = ",".join(f"{name}={value}" for name, value in sorted(reading["labels"].items()))
    return f"{reading['gauge']}{{{labels}}}" if labels else str(reading["gauge"])


def expected() -> dict[str, Any]:
    exact = {name: pytest.approx(value) for name, value in EXPECTED.items()}
    return exact | {name: pytest.approx(value, rel=0.1) for name, value in ABOUT.items()}


async def becomes(fleet: Fleet, expected: Mapping[str, Any]) -> None:
    """Return when the board shows that."""
    with suppress(TimeoutError):  # so that what it shows instead is told
        await fleet.until(lambda: shown(fleet, expected) == expected)
    assert shown(fleet, expected) == expected


# -- What is told: these tests go in this order -----------------------------------------------------------


async def test_what_vendors_tell_twice_and_in_any_order_becomes_the_numbers_that_are_right(
    fleet: Fleet,
) -> None:
    posts = [*STORY, *STORY]
    random.Random(7).shuffle(posts)
    answered = [sent(fleet, one) for one in posts]
    assert [one for one in answered if one.status != 202] == []
    assert await fleet.is_exact()
    totals = await fleet.totals()
    assert totals[APPLIED] + totals[UNCHANGED] == sum(one.document["events"] for one in answered)
    await becomes(fleet, expected())


async def test_what_vendors_have_lost_and_what_means_nothing_here_is_counted(fleet: Fleet) -> None:
    metrics = fleet.metrics("intake")
    assert metrics['crm_intake_gaps_total{record="opportunity",vendor="salesforce"}'] == 2
    assert metrics['crm_intake_ignored_total{name="contact.merge",vendor="hubspot"}'] == 2
    posts = sum(one.vendor == "stripe" for one in STORY) * 2
    assert metrics['crm_intake_requests_total{outcome="accepted",vendor="stripe"}'] == posts


@pytest.mark.parametrize("vendor", SECRETS)
async def test_a_request_that_comes_again_as_it_was_or_by_a_wrong_clock_changes_nothing(
    fleet: Fleet, vendor: str
) -> None:
    before, there, body = await fleet.totals(), url(fleet, vendor), first(vendor).body()
    recorded = signed(vendor, there, body)
    sent_again = [recorded, recorded, *(signed(vendor, there, body, late_ms=skew) for skew in SKEWS_MS)]
    assert {post(there, body, headers).status for headers in sent_again} == {202}
    await fleet.caught_up()
    assert (await fleet.totals())[APPLIED] == before[APPLIED]


def first(vendor: str) -> Post:
    return next(one for one in STORY if one.vendor == vendor)


SPELLED: Final = {
    "hubspot": [('"objectId": 74500', '"objectId": "74500"'), ("closedwon", "ClosedWon")],
    "salesforce": [('"UPDATE"', '"update"')],
    "zendesk": [(": 12345", ': "12345"'), ('"7436"', "7436"), ("OPEN", "open"), ("SOLVED", "Solved")],
    "stripe": [('"usd"', '"USD"'), ('"active"', '"ACTIVE"')],
}
"""Vendor -> another way in which it writes the same: ids as numbers or texts, words in another case."""


@pytest.mark.parametrize("vendor", SPELLED)
async def test_the_same_in_another_spelling_is_the_same(fleet: Fleet, vendor: str) -> None:
    before, there = await fleet.totals(), url(fleet, vendor)
    told = [one.body() for one in STORY if one.vendor == vendor]
    for usual, other in SPELLED[vendor]:
        assert any(usual.encode() in body for body in told)
        told = [body.replace(usual.encode(), other.encode()) for body in told]
    for body in told:
        assert post(there, body, signed(vendor, there, body)).status == 202
    await fleet.caught_up()
    assert (await fleet.totals())[APPLIED] == before[APPLIED]


# -- What is refused --------------------------------------------------------------------------------------


class Refused(NamedTuple):
    """A request that must be refused."""

    status: int
    body: bytes
    headers: dict[str, str]


def refused(vendor: str, there: str) -> dict[str, Refused]:
    body, empty, large = first(vendor).body(), b"", b"[" + b" " * 10_000_000 + b"]"
    good = signed(vendor, there, body)
    cases = {
        "not signed": Refused(401, body, JSON),
        "signed by somebody else": Refused(
            401, body, signed(vendor, there, body, secret="somebody-s-secret")
        ),
        "0 bytes": Refused(422, empty, signed(vendor, there, empty)),
        "not JSON": Refused(422, b"<html>", signed(vendor, there, b"<html>")),
        "10 MB": Refused(413, large, signed(vendor, there, large)),
        "of another type": Refused(415, body, {**good, "Content-Type": "text/html"}),
    }
    if vendor != "salesforce":  # whose relay has a token
        cases |= {
            "altered on the way": Refused(401, body.replace(b"1", b"2", 1), good),
            "signed long ago": Refused(401, body, signed(vendor, there, body, late_ms=TOO_LONG_MS)),
            "signed in the future": Refused(401, body, signed(vendor, there, body, late_ms=-TOO_LONG_MS)),
        }
    return cases


@pytest.mark.parametrize("vendor", SECRETS)
async def test_of_what_is_hostile_nothing_is_published(fleet: Fleet, vendor: str) -> None:
    before, there = await fleet.ends(), url(fleet, vendor)
    cases = refused(vendor, there)
    answered = {name: post(there, one.body, one.headers).status for name, one in cases.items()}
    assert answered == {name: one.status for name, one in cases.items()}
    assert await fleet.ends() == before


MISSING: Final = {
    "hubspot": ("objectId", "[0].objectId", 8),
    "salesforce": ("recordIds", "payload.ChangeEventHeader.recordIds", 0),
    "zendesk": ("detail", "detail", 0),
    "stripe": ("customer", "data.object.customer", 0),
}
"""Vendor -> a field that its payloads must have, its place, and how many other events the payload has."""


@pytest.mark.parametrize("vendor", MISSING)
async def test_a_missing_field_is_named_and_only_the_neighbours_are_published(
    fleet: Fleet, vendor: str
) -> None:
    there = url(fleet, vendor)
    field, path, neighbours = MISSING[vendor]
    body = first(vendor).body().replace(f'"{field}":'.encode(), b'"other":', 1)
    answer = post(there, body, signed(vendor, there, body))
    assert (answer.status, [fault["path"] for fault in answer.document["faults"]]) == (422, [path])
    assert answer.document["events"] == neighbours


# -- What the pages say -----------------------------------------------------------------------------------


async def test_what_is_posted_as_a_vendors_page_says_shows_on_the_board(fleet: Fleet) -> None:
    """It happens now, so that nothing of the story is in the windows any more; what is a level stays."""
    for vendor in SECRETS:
        code = block(DOCS / "intake" / f"{vendor}.md", f"{vendor}-curl")
        assert PAGES[vendor].secret in code
        answer = printed(code, {"http://localhost:8700": url(fleet, "").rstrip("/")})
        assert json.loads(answer)["events"] == PAGES[vendor].events
    told = {name: pytest.approx(value) for page in PAGES.values() for name, value in page.shows.items()}
    await becomes(fleet, told)


# -- Read by others ---------------------------------------------------------------------------------------


async def test_kcat_reads_what_we_write_as_the_page_says(fleet: Fleet) -> None:
    for tool in ("kcat", "jq"):
        shutil.which(tool) or unavailable(f"no {tool} on the PATH")
    await fleet.publish([b'{"type": "crm.lead.stolen"}'])
    await fleet.caught_up()
    written = {(record.key, record.value) for record in await fleet.records()}
    lines = said(fleet, "read events")
    assert {line.split(" ", 2)[2] for line in lines} == {value.decode() for _, value in written}
    letters = [json.loads(line) for line in said(fleet, "read dead letters")]
    assert [(one["reason"], one["field"]) for one in letters] == [("unknown_type", "type")]


def said(fleet: Fleet, name: str) -> list[str]:
    """The lines that a block of the page prints, where this fleet is."""
    here = {
        "localhost:9092": fleet.settings.bootstrap_servers(),
        "crm.events": fleet.settings.topic,
        "crm.dead-letters": fleet.settings.dead_letters_topic,
    }
    return printed(block(DOCS / "publishing.md", name), here).splitlines()
