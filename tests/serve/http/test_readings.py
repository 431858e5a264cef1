"""/api/v1/readings and /api/v1/freshness, over boards that stand still."""

import msgspec
import pytest

from streams.engine.kpis.guardrails import first_series
from streams.engine.kpis.readings import Reading
from streams.serve.board import Shown
from streams.serve.documents import reading_documents
from streams.serve.follower import Stale
from tests.builders import Ledger, lead_created, shipped
from tests.serve.builders import NOW_MS, StillBoard, showing
from tests.serve.http.clients import LEADS, get_json

# -- /api/v1/readings -------------------------------------------------------------------------------------


async def test_readings_come_with_their_time_and_all_their_fields() -> None:
    shown = showing(*LEADS, stale=[Stale(3, "no worker owns it")])
    document = await get_json("/api/v1/readings", StillBoard(shown))
    assert document["as_of"] == "2024-04-15T18:00:00.000Z"
    assert document["stale"] == [{"partition": 3, "reason": "no worker owns it"}]
    assert document["readings"] == reading_documents(shipped(), shown.readings, ())
    fields = set(Reading.__struct_fields__)
    assert {frozenset(one) for one in document["readings"]} == {frozenset({*fields, "target", "guardrails"})}


async def test_before_the_first_readings_there_is_no_time() -> None:
    assert await get_json("/api/v1/readings", StillBoard(Shown())) == {
        "as_of": None,
        "newest_event": None,
        "stale": [],
        "troubles": [],
        "readings": [],
    }


async def test_a_filter_narrows_and_a_repeated_one_widens() -> None:
    query = "kpi=lead_volume&window=24h&window=now&dimension=channel&member=web"
    found = (await get_json(f"/api/v1/readings?{query}"))["readings"]
    assert [(one["gauge"], one["window"], one["member"], one["value"]) for one in found] == [
        ("crm_leads", "24h", "web", 1.0)
    ]
    found = (await get_json(f"/api/v1/readings?{query}&member=mail&kpi=leads_waiting"))["readings"]
    assert [(one["gauge"], one["member"]) for one in found] == [
        ("crm_leads", "mail"),
        ("crm_leads", "web"),
        ("crm_leads_waiting", "mail"),
        ("crm_leads_waiting", "web"),
        ("crm_leads_waiting_oldest_seconds", "mail"),
    ]


async def test_every_member_is_told_exactly_and_not_what_gauges_show_in_the_place_of_the_small_ones() -> None:
    ledger = Ledger().take(*(lead_created(f"lead-{at}", channel=f"channel-{at:02}") for at in range(41)))
    shown = Shown(NOW_MS, ledger.readings(NOW_MS, folds=True))
    query = "kpi=lead_volume&window=24h&dimension=channel"
    found = (await get_json(f"/api/v1/readings?{query}", StillBoard(shown)))["readings"]
    assert {one["member"]: one["value"] for one in found} == {f"channel-{at:02}": 1 for at in range(41)}
    assert [one["fold"] for one in found] == [None] * 20 + ["member"] * 21


async def test_a_member_that_nobody_knows_has_no_readings() -> None:
    assert (await get_json("/api/v1/readings?member=nobody"))["readings"] == []


@pytest.mark.parametrize(
    ("query", "parameter", "known"),
    [
        ("kpi=nonsense", "kpi", "lead_volume"),
        ("window=3d", "window", "24h"),
        ("dimension=shoe_size", "dimension", "channel"),
        ("kpi=revenue&kpi=%3Cb%3E", "kpi", "revenue"),
        ("kpis=revenue", "kpis", "member"),
    ],
)
async def test_an_unknown_name_is_refused_with_those_that_are_known(
    query: str, parameter: str, known: str
) -> None:
    fault = await get_json(f"/api/v1/readings?{query}", status=400)
    assert fault["parameter"] == parameter
    assert parameter in fault["error"]
    assert known in fault["known"]


async def test_whole_numbers_of_any_size_are_whole_in_json() -> None:
    reading = msgspec.structs.replace(showing(*LEADS).readings[0], numerator=10**30)
    document = await get_json("/api/v1/readings", StillBoard(Shown(NOW_MS, [reading])))
    assert document["readings"][0]["numerator"] == 10**30


# -- /api/v1/freshness ------------------------------------------------------------------------------------


async def test_freshness_tells_how_old_each_partition_and_each_source_is() -> None:
    shown = Shown(
        NOW_MS,
        newest_ms=NOW_MS - 1_500,
        stale=[Stale(3, "no worker owns it")],
        lag_ms={0: 250},
        sources_ms={"/crm": NOW_MS - 1_500},
        now_ms=NOW_MS + 500,
    )
    assert await get_json("/api/v1/freshness", StillBoard(shown)) == {
        "as_of": "2024-04-15T18:00:00.000Z",
        "newest_event": "2024-04-15T17:59:58.500Z",
        "stale": [{"partition": 3, "reason": "no worker owns it"}],
        "lag_seconds": {"0": 0.25},
        "sources": [
            {"source": "/crm", "newest_event": "2024-04-15T17:59:58.500Z", "age_seconds": 2.0},
        ],
    }
    assert (await get_json("/api/v1/freshness", StillBoard(Shown())))["sources"] == []


async def test_of_each_kpi_the_first_series_can_be_asked_for_alone() -> None:
    found = (await get_json("/api/v1/readings?series=first&dimension=all"))["readings"]
    firsts = {(one.gauge, str(one.labels)) for one in first_series(shipped()).values()}
    assert {(one["gauge"], str(one["labels"])) for one in found} <= firsts
    assert {one["kpi"] for one in found} == set(shipped().catalog.kpis)


async def test_a_series_that_lacks_the_window_gives_its_nearest_if_that_is_wanted() -> None:
    query = "/api/v1/readings?series=first&dimension=all&window=24h"
    exact = (await get_json(query))["readings"]
    near = (await get_json(f"{query}&nearest=1"))["readings"]
    assert {one["window"] for one in exact} == {"24h"}
    assert {one["kpi"] for one in near} == set(shipped().catalog.kpis)
    assert [one for one in near if one["window"] == "24h"] == exact
    windows = {one["kpi"]: one["window"] for one in near}
    assert (windows["leads_waiting"], windows["churn"]) == ("now", "30d")


async def test_nearest_wants_one_window() -> None:
    for query in ("nearest=1", "nearest=1&window=24h&window=7d"):
        assert (await get_json(f"/api/v1/readings?{query}", status=400))["parameter"] == "nearest"


async def test_what_is_shown_in_trouble_says_so() -> None:
    board = StillBoard(showing(*LEADS), ["partition 1: no worker owns it"])
    assert (await get_json("/api/v1/readings", board))["troubles"] == ["partition 1: no worker owns it"]
