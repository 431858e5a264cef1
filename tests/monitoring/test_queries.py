"""Everything that dashboards and rules ask for is there: asked of a Prometheus that watches a company."""

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Final, NamedTuple

import pytest

from streams.commands.company import Timed
from streams.embedded.traffic import Traffic, encode, simulate
from streams.generate.dashboards import queries
from streams.naming import ALL
from streams.settings import Settings
from tests.builders import days, ms
from tests.builders import shipped as shipped_plan
from tests.monitoring.selectors import selectors
from tests.monitoring.shipped import PROMETHEUS, read, write_rules
from tests.monitoring.site import Receiver, System, Watch, sent, system, until, watched

END_MS = ms("2025-09-16 15:30")
"""On a Tuesday at work."""
DAYS = 100
COMPANY = Traffic(seed=5, events_per_day=300)
BAD = b"nonsense"
WHOLE: Final = 'dimension="all", member="all"'
REGION: Final = 'dimension="region"'
NOT_DUE: Final[Mapping[str, Collection[str]]] = {
    "no partition is held": ("crm_partition_held",),
    "nothing goes wrong": (
        *("crm_fetch_errors_total", "crm_partition_errors_total"),
        *("crm_records_lost_total", "crm_records_misplaced_total"),
    ),
    "campaigns have no alert of their own, and breach no guardrail": (
        'ALERTS{alertstate="firing", group=~"campaigns"}',
    ),
    "there is not half a year of history": (
        'crm_kpi_change{kpi="clv", basis="revenue", currency="USD", window="90d", dimension="segment"}',
        'crm_kpi_change{kpi="clv_to_cac", window="90d", dimension="segment"}',
    ),
    "of a week, in so small a company": (
        'crm_kpi_change{kpi="complaint_rate", state="provisional", window="7d", dimension="campaign_id"}',
        'crm_kpi_change{kpi="training", window="7d", dimension="region"}',
        *(f'crm:kpi_on_target:{record}{{kpi="training", window="7d"}}' for record in ("bool", "avg1d")),
        *(f'crm_training_ratio{{window="7d", {slice_}}}' for slice_ in (WHOLE, REGION)),
        *(
            f'crm_kpi_bound{{kpi="training", bound="{bound}", window="7d", {slice_}}}'
            for bound in ("lower", "upper")
            for slice_ in (WHOLE, REGION)
        ),
        f'crm_stage_conversion_ratio{{stage="negotiation", window="7d", {WHOLE}}}',
        'crm_stage_conversion_ratio{stage="negotiation", window="7d", dimension="channel"}',
        *(
            f'crm_kpi_{part}{{kpi="stage_conversion", stage="negotiation", window="7d", {WHOLE}}}'
            for part in ("numerator", "denominator")
        ),
    ),
}
"""Why -> selectors that give nothing because of that."""
OWN_PAST: Final = re.compile(
    r'ALERTS\{alertname="(?P<name>\w+)", alertstate="firing", severity="(?P<severity>\w+)"\}'
)
"""Whether an alert fires, as its own rule asks."""
EVERY = "2s"
PAUSE_S = 0.1


class Asked(NamedTuple):
    """PromQL, and where it stands."""

    expr: str
    place: str


@pytest.fixture(scope="module")
def watch(directory: Path, settings: Settings, receiver: Receiver) -> Iterator[Watch]:
    """`kpi run` with months of a company behind it, and records that go on coming, under watch."""
    rules = write_rules(directory / "rules", {"kpis": 600, "pipeline": 20, "recording": 20}, EVERY)
    told = [(time_ms, encode(event)) for time_ms, event in simulate(COMPANY, END_MS - days(DAYS), END_MS)]
    with system(directory, settings, "run", "intake") as running:
        asyncio.run(counted(running, [*told, (END_MS, BAD)]))
        until(lambda: running.shown_ms() == told[-1][0])
        with going_on(running, told[-20:]), watched(directory, settings, rules, receiver, EVERY) as found:
            yield found


async def counted(running: System, events: Iterable[Timed]) -> None:
    async with running.publisher() as publisher:
        await running.counted(publisher, events)


@contextmanager
def going_on(running: System, told: list[Timed]) -> Iterator[None]:
    """The same is sent again and again, which changes nothing, and something that cannot be counted."""
    stop = Flag()

    async def publish() -> None:
        async with running.publisher() as publisher:
            while not stop.is_set():
                await publisher.publish([sent(*event) for event in (*told, (END_MS, BAD))])
                await asyncio.sleep(PAUSE_S)

    thread = Thread(target=lambda: asyncio.run(publish()))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


# -- What is asked ----------------------------------------------------------------------------------------


def of_dashboards() -> Iterator[Asked]:
    """All queries of all dashboards, as they are at first."""
    for query in queries(shipped_plan(), None, ALL, ALL):
        yield Asked(query.expr, f"{query.dashboard}: {query.place}")


def of_rules() -> Iterator[Asked]:
    """All expressions of all rules."""
    for file in sorted((PROMETHEUS / "rules").glob("*.yaml")):
        for group in read(file)["groups"]:
            for rule in group["rules"]:
                yield Asked(rule["expr"], f"{file.name}: {rule.get('alert') or rule['record']}")


@pytest.fixture(scope="module")
def not_due(watch: Watch) -> Mapping[str, str]:
    """Selector -> the reason why it gives nothing here."""
    watch.judged(1)
    until(lambda: not watch.prometheus.alerts("pending"))
    firing = watch.firing()
    of_alerts = {one for asked in of_rules() for one in selectors(asked.expr) if one.startswith("ALERTS{")}
    silent = {
        one: "it does not fire"
        for one in of_alerts
        if (own := OWN_PAST.fullmatch(one)) and (own["name"], own["severity"]) not in firing
    }
    return silent | {selector: reason for reason, listed in NOT_DUE.items() for selector in listed}


def without_data(watch: Watch, exprs: Iterable[str], patience_s: float = 30) -> set[str]:
    """Those that give nothing, once those that are to come have come."""
    left = set(exprs)

    def all_there() -> bool:
        left.difference_update({expr for expr in left if watch.prometheus.query(expr)})
        return not left

    with suppress(AssertionError):
        until(all_there, patience_s)
    return left


# -- The tests --------------------------------------------------------------------------------------------


def test_board_worker_webhooks_prometheus_and_alertmanager_are_scraped(watch: Watch) -> None:
    jobs = {job["job_name"] for job in read(PROMETHEUS / "prometheus.yml")["scrape_configs"]}
    until(lambda: watch.prometheus.targets() == dict.fromkeys(jobs, "up"))


def test_every_query_of_every_dashboard_gives_data(watch: Watch, not_due: Mapping[str, str]) -> None:
    places = {asked.expr: asked.place for asked in of_dashboards()}
    due = {expr for expr in places if not not_due.keys() & set(selectors(expr))}
    assert len(due) > 500
    missing = sorted(f"{places[expr]}: {expr}" for expr in without_data(watch, due))
    assert not missing, "\n".join(missing)


def test_whatever_dashboards_and_rules_read_is_there(watch: Watch, not_due: Mapping[str, str]) -> None:
    places = {one: asked.place for asked in (*of_dashboards(), *of_rules()) for one in selectors(asked.expr)}
    assert len(places) > 400
    missing = sorted(f"{places[one]}: {one}" for one in without_data(watch, places.keys() - not_due.keys()))
    assert not missing, "\n".join(missing)


def test_what_is_listed_as_not_due_is_asked_for_and_gives_nothing(
    watch: Watch, not_due: Mapping[str, str]
) -> None:
    asked = {one for asked in (*of_dashboards(), *of_rules()) for one in selectors(asked.expr)}
    assert not_due.keys() - asked == set()
    assert without_data(watch, not_due, patience_s=0) == not_due.keys()


def test_every_rule_is_evaluated_without_an_error(watch: Watch) -> None:
    def faults() -> dict[str, str]:
        rules = [rule for group in watch.prometheus.groups() for rule in group["rules"]]
        assert len(rules) == len(list(of_rules()))
        return {rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "ok"}

    until(lambda: not any(faults().values()) and not faults())
