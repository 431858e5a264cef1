"""/api/v1/series: what charts are drawn from."""

import asyncio
from time import sleep
from typing import Any

import pytest
from redis.asyncio import Redis

from streams.engine.kpis.excerpts import Excerpt, Wanted
from streams.engine.kpis.folding import Others
from streams.engine.kpis.guardrails import first_series
from streams.engine.kpis.points import Drawing, Points, Span
from streams.engine.kpis.sums import WHOLE, Slice
from streams.engine.panes import HOUR
from streams.serve.charts import shown_slices
from streams.serve.view import View
from streams.state import Snapshot
from tests.builders import Ledger, lead_contacted, lead_created, ms, shipped
from tests.company import END_MS, told
from tests.serve.builders import NOW_MS, StillBoard, Writer, board_on, showing, until, value, web

LEADS = [
    lead_created("lead-1", "10:00", channel="web", team="north"),
    lead_created("lead-2", "11:30", channel="mail", team="north"),
    lead_created("lead-3", "17:59", channel="web", team="south"),
    lead_contacted("lead-1", "12:14"),
]


async def series(client: Redis, query: str, status: int = 200) -> Any:
    """What a board answers that follows these leads."""
    await (await Writer.of(client)).take(*LEADS)
    async with board_on(client) as board, web(board) as browser:
        await until(lambda: bool(board.shown().readings))
        response = await browser.get(f"/api/v1/series?{query}")
        assert response.status == status, await response.text()
        return await response.json()


async def test_a_day_is_drawn_by_hours_and_its_last_goes_on(client: Redis) -> None:
    document = await series(client, "kpi=lead_volume&span=24h")
    assert (document["as_of"], document["step"]) == ("2024-04-15T18:00:00.000Z", "hour")
    (found,) = document["series"]
    assert (found["gauge"], found["member"], found["unit"]) == ("crm_leads", "all", "count")
    assert (found["kind"], found["running"], len(found["times"])) == ("panes", True, 25)
    assert found["times"][-1] * 1000 == NOW_MS
    by_hour = {
        time % 86_400 // 3_600: value for time, value in zip(found["times"], found["values"], strict=True)
    }
    assert {hour: value for hour, value in by_hour.items() if value} == {10: 1, 11: 1, 17: 1}
    assert sum(found["samples"]) == 3


async def test_a_chart_knows_what_the_readings_beside_it_know(client: Redis) -> None:
    writer = await Writer.of(client)
    async with board_on(client) as board, web(board) as browser:

        async def drawn() -> Any:
            response = await browser.get("/api/v1/series?kpi=lead_volume&span=24h")
            (found,) = (await response.json())["series"]
            return sum(found["values"])

        for number in (1, 2, 3):
            await writer.take(lead_created(f"lead-{number}", "10:00"))
            await until(lambda number=number: value(board.shown(), "lead_volume", "24h") == number)  # type: ignore[misc]
            assert await drawn() == number


async def test_a_dimension_is_drawn_member_by_member(client: Redis) -> None:
    document = await series(client, "kpi=lead_volume&span=24h&dimension=channel")
    assert {one["member"]: sum(one["values"]) for one in document["series"]} == {"mail": 1, "web": 2}
    document = await series(client, "kpi=lead_volume&span=24h&dimension=channel&member=web")
    assert [one["member"] for one in document["series"]] == ["web"]


async def test_a_label_tells_series_of_one_kpi_apart(client: Redis) -> None:
    document = await series(client, "kpi=lead_response&quantile=0.9&clock=calendar&span=24h")
    assert [one["labels"] for one in document["series"]] == [{"quantile": "0.9", "clock": "calendar"}]


async def test_all_kpis_are_drawn_at_once_by_the_series_that_stand_for_them(client: Redis) -> None:
    document = await series(client, "series=first&dimension=all&span=24h&nearest=1")
    assert [one["kpi"] for one in document["series"]] == list(shipped().catalog.kpis)
    for one in document["series"]:
        windows = {*first_series(shipped())[one["kpi"]].windows} - {"now"}
        assert one["span"] in (windows or {"24h"})
        columns = {len(one[name]) for name in ("times", "values", "lower", "upper", "samples")}
        assert len(columns) == 1


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("span=24h", "kpi"),
        ("series=first&dimension=channel", "kpi"),
        ("kpi=lead_volume&member=web", "member"),
        ("kpi=lead_volume&dimension=all&member=web", "member"),
        ("kpi=nonsense", "kpi"),
        ("kpi=lead_volume&span=3d", "span"),
        ("kpi=lead_volume&steps=0", "steps"),
        ("kpi=lead_volume&steps=1e3", "steps"),
        ("kpi=lead_volume&colour=red", "colour"),
        ("kpi=lead_response&quantile=0.3", "quantile"),
    ],
)
async def test_what_cannot_be_drawn_is_refused(query: str, parameter: str) -> None:
    async with web(StillBoard(showing(*LEADS))) as browser:
        response = await browser.get(f"/api/v1/series?{query}")
        assert response.status == 400
        assert (await response.json())["parameter"] == parameter


async def test_more_points_than_a_chart_can_show_are_not_drawn(client: Redis) -> None:
    members = "&".join(f"member=m{at}" for at in range(40))
    query = f"kpi=lead_response&dimension=channel&span=30d&steps=800&{members}"
    fault = await series(client, query, status=400)
    assert fault["parameter"] == "steps"
    assert "100,000" in fault["error"]


def test_members_that_are_folded_into_one_are_read_one_by_one() -> None:
    shown, folded = ("channel", "web"), Others("channel", frozenset(f"channel-{at}" for at in range(200)))
    series = first_series(shipped())["lead_volume"]

    def number(*slices: Slice | Others) -> int:
        return Drawing(shipped(), NOW_MS, [(series, Span("24h", 10), slices)], ahead=False).number

    assert number(shown) == 11
    assert number(shown, folded) == 201 * 11


async def test_charts_are_drawn_one_after_the_other(client: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    points = Drawing.points

    def counted(self: Drawing, found: Excerpt) -> list[Points]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        sleep(0.05)  # time for another to begin, which holds no lock
        drawn = points(self, found)
        running -= 1
        return drawn

    monkeypatch.setattr(Drawing, "points", counted)
    await (await Writer.of(client)).take(*LEADS)
    async with board_on(client) as board:
        await until(lambda: bool(board.shown().readings))
        wish = first_series(shipped())["lead_volume"], Span("24h"), [WHOLE]
        assert all(await asyncio.gather(*(board.points([wish]) for _ in range(3))))
    assert most == 1


async def test_before_all_partitions_are_known_nothing_is_drawn() -> None:
    async with web(StillBoard(showing(*LEADS))) as browser:
        assert (await browser.get("/api/v1/series?kpi=lead_volume")).status == 503


def test_of_a_dimension_with_many_members_the_small_ones_are_drawn_as_one() -> None:
    ledger = Ledger().take(*(lead_created(f"lead-{at}", channel=f"channel-{at:02}") for at in range(22)))
    found = shown_slices("channel", ledger.readings(folds=True))
    assert found[:2] == [("channel", "channel-00"), ("channel", "channel-01")]
    assert found[-1] == Others("channel", frozenset({"channel-20", "channel-21"}))
    assert len(found) == 21


def test_an_excerpt_holds_the_panes_from_the_first_that_is_wanted_on() -> None:
    ledger, view = Ledger().take(*LEADS), View()
    view.load(0, Snapshot(None, "0-0", ledger.panes, ledger.running, {}))
    for start in ("10:00", "11:00", "11:30"):
        wanted = Wanted(frozenset({"leads"}), [WHOLE], {HOUR: ms(start)}, ["leads_waiting"])
        found = view.excerpt(wanted)
        assert found.values(HOUR, "leads", 0, 2**62) == ledger.values(HOUR, "leads", ms(start), 2**62)
        assert found.cells() == {"leads", "leads_waiting"}
        assert found.totals() == {"leads_waiting": 2}


def test_the_view_gives_the_excerpt_that_its_panes_hold() -> None:
    """A company dealt out to three partitions, and read from one ledger of all."""
    whole, view = Ledger().take(*told()), View()
    for partition in range(3):
        part = Ledger().take(*(one for one in told() if sum(one["partitionkey"].encode()) % 3 == partition))
        view.load(partition, Snapshot(None, "0-0", part.panes, part.running, {}))
    wishes = [
        (one, Span(span), [WHOLE, *((name, "organic") for name in one.dimensions)])
        for one in shipped().series
        for span in ("24h", "30d", "365d")
    ]
    drawing = Drawing(shipped(), END_MS, wishes, ahead=True)
    drawn = drawing.points(view.excerpt(drawing.wanted))
    assert drawn == drawing.points(whole.excerpt(drawing.wanted))
    assert any(one.value for found in drawn for one in found.readings)
