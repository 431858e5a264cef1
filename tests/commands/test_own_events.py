"""A KPI on an event type of one's own: a file declares both, and nothing else changes."""

import json
from pathlib import Path
from typing import Any

from tests.builders import Event, event, lead_created
from tests.commands.runs import kpi

CATALOG = """
version: 1
currency: {report: USD, rates: {EUR: {rate: 1.10}}}
events:
  crm.x.demo.held:
    id: demo_id
    required: {demo_id: id, kind: [remote, on_site], ended: time}
    optional: {customer_id: id, price_minor: amount, currency: currency, guests: integer, office: text}
  crm.x.demo.rated:
    id: demo_id
    required: {demo_id: id, stars: integer, liked: boolean}
dimensions:
  office: {members: 20}
subjects:
  demo:
    id: demo_id
    dimensions: [office]
    steps:
      held: {event: crm.x.demo.held}
      visited: {event: crm.x.demo.held, where: "kind == 'on_site' and guests >= 2"}
      liked: {event: crm.x.demo.rated, where: liked}
    registers:
      price: {event: crm.x.demo.held, fields: [price_minor, ended]}
    measures:
      demos: {count: held}
      demos_visited: {count: visited, at: held}
      demos_liked: {count: liked, at: held}
      demo_sales: {sum: price.price_minor, at: held}
kpis:
  demo_liking:
    title: Demos that were liked
    group: sales
    goal: Demos that people like.
    owner: sales
    unit: ratio
    good: up
    gauge: crm_demo_liked_ratio
    windows: [7d]
    dimensions: [office]
    formula: demos_liked / demos
  demo_sales:
    title: What demos cost
    group: sales
    goal: Demos that pay.
    owner: sales
    unit: money
    good: up
    gauge: crm_demo_sales
    windows: [7d]
    formula: demo_sales
  demo_visits:
    title: Visits
    group: sales
    goal: Visits.
    owner: sales
    unit: count
    good: up
    gauge: crm_demo_visits
    windows: [7d]
    formula: demos_visited
"""


def held(demo: str, **data: Any) -> Event:
    usual = {"demo_id": demo, "kind": "remote", "ended": "2024-04-15T11:00:00+02:00"}
    return event("crm.x.demo.held", "10:00", {**usual, **data})


def rated(demo: str, *, liked: bool) -> Event:
    return event("crm.x.demo.rated", "12:00", {"demo_id": demo, "stars": 4, "liked": liked})


EVENTS = [
    *(held(f"demo-{number}", office="Berlin") for number in range(6)),
    held("demo-6", kind="on_site", guests=3, price_minor=100_00, currency="EUR"),
    held("demo-7", kind="on_site", guests=1, price_minor=5_00, currency="USD"),
    *(rated(f"demo-{number}", liked=number < 4) for number in range(8)),
    lead_created("lead-1"),
]
BAD = [
    held("demo-8", kind="by post"),
    held("demo-8", ended="2024-04-15"),
    held("demo-8", price_minor=1, currency="XXX"),
    held("demo-8", ended="1024-04-15T11:00:00Z"),
    event("crm.x.demo.invented", "10:00", {"demo_id": "demo-8"}),
]


def test_a_kpi_on_an_event_type_of_ones_own_is_read_by_a_replay(directory: Path) -> None:
    (directory / "my.yaml").write_text(CATALOG)
    lines = [json.dumps(one) + "\n" for one in (*EVENTS, *BAD)]
    (directory / "demos.ndjson").write_text("".join(lines))
    done = kpi(directory, "replay", "demos.ndjson", "--catalog", "my.yaml", "--json")
    assert done.status == 0, done.err
    result = json.loads(done.out)
    values = {(one["kpi"], one["member"]): one["value"] for one in result["readings"]}
    assert values["demo_liking", "all"] == 4 / 8
    assert values["demo_liking", "Berlin"] == 4 / 6
    assert values["demo_sales", "all"] == 115.0  # 100 EUR at 1.10, and 5 USD
    assert values["demo_visits", "all"] == 1
    assert result["events"]["dead_letters"] == len(BAD)
    reasons = [line.split(": ")[1:3] for line in done.err.splitlines()]
    assert [reason for reason, *_ in reasons] == [
        *("bad_value", "bad_value", "unknown_currency", "bad_value", "unknown_type")
    ], done.err
