"""The board's HTTP, over boards that stand still."""

import json
from typing import Any

import msgspec
import pytest

from streams.engine.kpis.readings import Reading
from streams.serve.board import Shown
from streams.serve.documents import reading_documents
from streams.serve.follower import Stale
from streams.serve.http.files import file_of
from tests.builders import Ledger, lead_contacted, lead_created, shipped
from tests.serve.builders import NOW_MS, StillBoard, sample, showing, web

HOSTILE = "<script>alert('x')</script>"
LEADS = [
    lead_created("lead-1", "10:00", channel="web", team=HOSTILE),
    lead_created("lead-2", "10:00", channel="mail", team="north"),
    lead_contacted("lead-1", "12:14"),
]


async def get(path: str, board: StillBoard | None = None) -> tuple[int, str]:
    """(status, text)"""
    async with web(board or StillBoard(showing(*LEADS))) as client:
        response = await client.get(path)
        return response.status, await response.text()


async def get_json(path: str, board: StillBoard | None = None, status: int = 200) -> Any:
    found, text = await get(path, board)
    assert found == status, text
    return json.loads(text)


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


# -- /metrics and health ----------------------------------------------------------------------------------


async def test_gauges_are_served_as_prometheus_reads_them() -> None:
    async with web(StillBoard(showing(*LEADS))) as client:
        response = await client.get("/metrics")
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = await response.text()
    assert sample(text, "crm_leads", window="24h", dimension="all") == 2
    assert sample(text, "crm_leads", window="24h", dimension="team", member=HOSTILE) == 1


async def test_a_board_in_trouble_is_alive_but_not_ready_and_says_why() -> None:
    board = StillBoard(Shown(), ["partition 1: no worker owns it"])
    assert await get_json("/healthz", board) == {"alive": True}
    assert await get_json("/readyz", board, status=503) == {
        "ready": False,
        "reasons": ["partition 1: no worker owns it"],
    }
    assert await get_json("/readyz") == {"ready": True, "reasons": []}


async def test_there_is_nothing_to_write_to_and_nothing_else_to_read() -> None:
    async with web(StillBoard(Shown())) as client:
        assert (await client.post("/api/v1/readings")).status == 405
        missing = await client.get("/etc/passwd")
        assert missing.status == 404
        assert "default-src 'none'" in missing.headers["Content-Security-Policy"]


# -- Files ------------------------------------------------------------------------------------------------


async def test_pages_may_load_what_the_board_serves_and_nothing_else() -> None:
    async with web(StillBoard(Shown())) as client:
        for path in ("/", "/kpi/lead_volume"):
            page = await client.get(path)
            assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
            policy = page.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert page.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_file_that_a_browser_has_is_not_sent_again() -> None:
    async with web(StillBoard(Shown())) as client:
        style = await client.get("/static/board.css")
        assert (style.status, style.content_type) == (200, "text/css")
        asked = {"If-None-Match": style.headers["ETag"]}
        again = await client.get("/static/board.css", headers=asked)
        assert (again.status, await again.read()) == (304, b"")
        other = await client.get("/static/index.html", headers=asked)
        assert other.status == 200


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/none.js", "/static/"]
)
async def test_there_are_no_files_but_the_pages_own(path: str) -> None:
    assert (await get(f"/static/{path}"))[0] == 404


def test_scripts_are_told_to_be_scripts_whatever_the_machine_thinks() -> None:
    assert file_of("js/board.js", b"").content_type == "text/javascript; charset=utf-8"
