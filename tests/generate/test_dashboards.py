"""Grafana's dashboards: whole, and nothing of what they show is hidden by how they look."""

import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from streams.engine.plan import Plan
from streams.errors import MissingPart
from streams.generate.alerts import alert_rules
from streams.generate.dashboards import queries, texts
from streams.generate.dashboards.layout import WIDTH
from tests.builders import CATALOG, plan_of, shipped

Board = dict[str, Any]
Panel = dict[str, Any]


def boards_of(plan: Plan) -> dict[str, Board]:
    return {Path(path).stem: json.loads(text) for path, text in texts(plan).items() if path.endswith(".json")}


def panels(board: Board) -> list[Panel]:
    """All of them, also those in closed rows, without the rows."""
    found = [inner for one in board["panels"] for inner in (one, *one.get("panels", ()))]
    return [one for one in found if one["type"] != "row"]


SUMMED = CATALOG.read_text().partition("\nkpis:\n")[0]
HOME = "https://kpis.example.com/crm"
OWN_KPIS = """
kpis:
  deals:
    title: Deals | won
    group: sales
    goal: Win.
    owner: sales
    unit: count
    good: up
    gauge: crm_deals
    windows: [7d]
    formula: deals_won
  bookings:
    title: Bookings
    group: sales
    goal: Win.
    owner: sales
    unit: money
    good: up
    gauge: crm_bookings
    windows: [24h, 30d]
    dimensions: [segment]
    formula: revenue
  open_tickets:
    title: Open tickets
    group: support
    goal: Help.
    owner: support
    unit: count
    good: down
    gauge: crm_open_tickets
    windows: [now]
    dimensions: [team]
    formula: end(tickets_open)
    target: 0
    alerts: [{windows: [now], warn: 10, critical: 20}]
"""
OWN_TEXT = (
    re.sub(r"board: \S+", f'board: "{HOME}"}}', SUMMED)
    .replace("time_zone: UTC ", "time_zone: Europe/Berlin ")
    .replace("report: USD", "report: CHF")
    + OWN_KPIS
)
OWN = plan_of(OWN_TEXT)
"""A small catalog of somebody else."""
CATALOGS = {"shipped": shipped(), "own": OWN}
BOARDS = {name: boards_of(plan) for name, plan in CATALOGS.items()}
EVERY = [
    pytest.param(board, id=f"{of}-{name}") for of, all_ in BOARDS.items() for name, board in all_.items()
]


# -- Each board -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", EVERY)
def test_panels_have_numbers_of_their_own(board: Board) -> None:
    rows = [one["id"] for one in board["panels"] if one["type"] == "row"]
    numbers = [*rows, *(one["id"] for one in panels(board))]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("board", EVERY)
def test_panels_cover_the_grid_without_holes_and_none_lies_on_another(board: Board) -> None:
    places = [one["gridPos"] for one in board["panels"]]
    cells = [cell for place in places for cell in _cells(place)]
    height = max(place["y"] + place["h"] for place in places)
    assert sorted(cells) == sorted(product(range(WIDTH), range(height)))


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    return product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"]))


@pytest.mark.parametrize("board", EVERY)
def test_panels_are_large_enough_to_be_read(board: Board) -> None:
    assert all(one["gridPos"]["w"] >= 3 and one["gridPos"]["h"] >= 4 for one in panels(board))


@pytest.mark.parametrize("board", EVERY)
def test_every_panel_says_what_it_shows(board: Board) -> None:
    assert all(one["title"] and one["description"] for one in panels(board) if one["type"] != "text")


@pytest.mark.parametrize("board", EVERY)
def test_a_board_can_be_provisioned_as_it_is(board: Board) -> None:
    """Inputs (`${DS_..}`) would have to be filled in by hand, and an id belongs to one Grafana."""
    assert "__inputs" not in board and "DS_" not in json.dumps(board)
    assert "id" not in board and "version" not in board
    assert board["schemaVersion"] >= 39 and board["refresh"] == "30s"
    for one in panels(board):
        sources = [target["datasource"] for target in one.get("targets", ())]
        assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)


@pytest.mark.parametrize("board", EVERY)
def test_queries_of_a_panel_have_names_of_their_own(board: Board) -> None:
    for one in panels(board):
        letters = [target["refId"] for target in one.get("targets", ())]
        assert len(set(letters)) == len(letters)


@pytest.mark.parametrize("board", EVERY)
def test_alerts_are_marked_in_time(board: Board) -> None:
    [annotation] = board["annotations"]["list"]
    assert annotation["enable"] and annotation["expr"].startswith('ALERTS{alertstate="firing"')


@pytest.mark.parametrize("board", EVERY)
def test_thresholds_rise(board: Board) -> None:
    for one in panels(board):
        steps = one.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", [])
        assert all(step["value"] is None for step in steps[:1])
        assert all(low["value"] < high["value"] for low, high in pairwise(steps[1:]))


# -- All boards -------------------------------------------------------------------------------------------


def test_there_is_a_board_for_each_group_and_three_more() -> None:
    assert list(BOARDS["shipped"]) == [
        *("overview", "sales", "support", "customers", "campaigns", "health", "pipeline", "guardrails"),
    ]
    assert list(BOARDS["own"]) == ["overview", "sales", "support", "pipeline"]


@pytest.mark.parametrize("of", CATALOGS)
def test_every_board_has_a_uid_of_its_own_that_grafana_takes(of: str) -> None:
    uids = [board["uid"] for board in BOARDS[of].values()]
    assert len(set(uids)) == len(uids)
    assert all(len(uid) <= 40 for uid in uids)


@pytest.mark.parametrize("of", CATALOGS)
def test_every_series_is_on_the_board_of_its_group_and_every_kpi_on_the_overview(of: str) -> None:
    for series in CATALOGS[of].series:
        group = BOARDS[of][CATALOGS[of].catalog.kpis[series.kpi].group]
        charts = " ".join(
            target["expr"]
            for one in panels(group)
            if one["type"] == "timeseries"
            for target in one["targets"]
        )
        labels = ", ".join(f'{name}="{value}"' for name, value in series.labels.items())
        assert f"{series.gauge}{{{labels}" in charts, series
    tiles = {one["title"].partition(" · ")[0] for one in panels(BOARDS[of]["overview"])}
    assert {kpi.title for kpi in CATALOGS[of].catalog.kpis.values()} <= tiles


@pytest.mark.parametrize("of", CATALOGS)
def test_links_lead_to_the_board_to_pages_that_there_are(of: str) -> None:
    catalog, alerts = CATALOGS[of].catalog, {rule.name for rule in alert_rules(CATALOGS[of])}
    known = {
        *(f"/kpi/{name}" for name in catalog.kpis),
        *(f"/docs/kpis/{name}" for name in catalog.kpis),
        *(f"/docs/runbooks/{name}" for name in alerts),
    }
    paths = {
        urlsplit(link["url"].removeprefix(catalog.links.board)).path
        for board in BOARDS[of].values()
        for one in panels(board)
        for link in [*one.get("links", ()), *one.get("fieldConfig", {}).get("defaults", {}).get("links", ())]
    }
    assert {path for path in paths if "${" not in path} <= known
    assert known <= paths | {f"/docs/runbooks/{name}" for name in alerts}
    assert all(link.startswith(catalog.links.board) for link in _addresses(of))


def _addresses(of: str) -> list[str]:
    return [
        link["url"] for board in BOARDS[of].values() for one in panels(board) for link in one.get("links", ())
    ]


def test_every_alert_of_a_kpi_is_one_click_from_its_panels() -> None:
    for rule in alert_rules(shipped()):
        if rule.kpi:
            title = shipped().catalog.kpis[rule.kpi].title
            tiles = [one for one in panels(BOARDS["shipped"][rule.group]) if one["title"].startswith(title)]
            assert any(link["url"].endswith(f"/{rule.name}") for one in tiles for link in one["links"]), (
                rule.name
            )


# -- What is shown where something is lacking -------------------------------------------------------------


def test_a_kpi_that_lacks_the_window_shows_its_nearest_and_says_so() -> None:
    asked = [one for one in queries(OWN, "24h") if one.dashboard == "overview"]
    assert [one.place for one in asked if "crm_deals{" in one.expr] == ["Deals | won · 7d"]
    assert [one.place for one in asked if "crm_bookings{" in one.expr] == ["Bookings · 24h"]
    asked = [one for one in queries(OWN, "7d") if one.dashboard == "overview"]
    assert [one.place for one in asked if "crm_bookings{" in one.expr] == ["Bookings · 30d"]


def test_levels_are_shown_whatever_window_is_chosen() -> None:
    for window in ("24h", "7d", "30d"):
        levels = [one for one in queries(OWN, window) if "crm_open_tickets{" in one.expr]
        assert levels and all('window="now"' in one.expr for one in levels)


def test_a_table_lists_a_dimension_that_its_kpi_has() -> None:
    tables = [one for one in queries(OWN, "7d", "team", "a") if " · by " in one.place]
    assert {one.place for one in tables} == {"Bookings · 30d · by segment", "Open tickets · now · by team"}


def test_a_panel_of_a_kpi_without_the_slice_says_by_what_it_is_sliced() -> None:
    chart = next(one for one in panels(BOARDS["own"]["sales"]) if one["title"].startswith("Bookings"))
    said = {one["fieldConfig"]["defaults"]["noValue"] for one in panels(BOARDS["own"]["sales"])}
    assert chart and {"no value (sliced by segment)", "no value (of the whole only)"} <= said


def test_a_number_that_is_no_more_is_not_shown_as_if_it_were() -> None:
    for one in panels(BOARDS["shipped"]["overview"]):
        if one["type"] == "stat":
            assert one["options"]["reduceOptions"]["calcs"] == ["last"]
            assert one["fieldConfig"]["defaults"]["mappings"][0]["options"]["match"] == "null+nan"


# -- How it looks -----------------------------------------------------------------------------------------


def tile(of: str, group: str, title: str) -> dict[str, Any]:
    """The field options of a number."""
    found = [one for one in panels(BOARDS[of][group]) if one["type"] == "stat" and one["title"] == title]
    assert len(found) == 1, [one["title"] for one in panels(BOARDS[of][group])]
    defaults: dict[str, Any] = found[0]["fieldConfig"]["defaults"]
    return defaults


def test_money_is_in_the_currency_of_the_catalog() -> None:
    assert tile("own", "sales", "Bookings · ${window_24h_30d}")["unit"] == "currencyCHF"
    assert tile("shipped", "sales", "Revenue · ${window_1h_ytd}")["unit"] == "currencyUSD"


def test_colours_follow_the_direction_and_what_is_at_the_limit_is_not_beyond_it() -> None:
    steps = tile("own", "support", "Open tickets · now")["thresholds"]["steps"]
    assert [step["color"] for step in steps] == ["green", "orange", "red"]
    assert [step["value"] for step in steps[1:]] == pytest.approx([10, 20])
    assert all(step["value"] > limit for step, limit in zip(steps[1:], (10, 20), strict=True))
    steps = tile("shipped", "customers", "Customer retention · ${window_30d_ytd}")["thresholds"]["steps"]
    assert [(step["color"], step["value"]) for step in steps] == [
        ("red", None),
        ("orange", 0.9),
        ("green", 0.95),
    ]


@pytest.mark.parametrize("of", CATALOGS)
def test_every_number_goes_from_bad_to_good_in_the_direction_of_its_kpi(of: str) -> None:
    ladder = ["red", "orange", "green"]
    for kpi in CATALOGS[of].catalog.kpis.values():
        for one in panels(BOARDS[of][kpi.group]):
            if one["type"] == "stat" and one["title"].partition(" · ")[0] == kpi.title:
                colors = [step["color"] for step in one["fieldConfig"]["defaults"]["thresholds"]["steps"]]
                rising = colors if kpi.good == "up" else colors[::-1]
                assert rising == ["blue"] or rising == [color for color in ladder if color in rising], (
                    kpi.title
                )
                assert rising[-1] in ("blue", "green")


def test_without_an_alert_the_target_decides_and_without_a_target_nothing() -> None:
    steps = tile("shipped", "sales", "Win rate · ${window_1h_qtd}")["thresholds"]["steps"]
    assert [(step["color"], step["value"]) for step in steps] == [("orange", None), ("green", 0.25)]
    steps = tile("shipped", "sales", "Revenue · ${window_1h_ytd}")["thresholds"]["steps"]
    assert [step["color"] for step in steps] == ["blue"]


def test_days_begin_where_those_of_the_catalog_do() -> None:
    assert {board["timezone"] for board in BOARDS["own"].values()} == {"Europe/Berlin"}
    assert {board["timezone"] for board in BOARDS["shipped"].values()} == {"utc"}


def test_a_funnel_counts_who_reached_each_stage() -> None:
    [funnel] = [one for one in panels(BOARDS["shipped"]["sales"]) if "reached each" in one["title"]]
    names = [target["legendFormat"] for target in funnel["targets"]]
    assert names == ["qualified", "meeting", "proposal", "negotiation", "through all"]
    assert "crm_kpi_denominator" in funnel["targets"][0]["expr"]
    assert "crm_kpi_numerator" in funnel["targets"][-1]["expr"]


def test_whether_kpis_with_a_target_reach_it_is_drawn_over_time() -> None:
    kpis = shipped().catalog.kpis.items()
    for group in ("sales", "support", "customers", "campaigns", "health"):
        [drawn] = [one for one in panels(BOARDS["shipped"][group]) if one["type"] == "state-timeline"]
        having = [kpi for _, kpi in kpis if kpi.group == group and kpi.target is not None]
        assert [target["legendFormat"] for target in drawn["targets"]] == [kpi.title for kpi in having]
    assert not [one for one in panels(BOARDS["own"]["sales"]) if one["type"] == "state-timeline"]


def test_the_same_catalog_gives_the_same_text() -> None:
    assert dict(texts(OWN)) == dict(texts(OWN))


def test_a_panel_keeps_its_number_when_others_come_and_go() -> None:
    smaller = plan_of(OWN_TEXT.replace("title: Bookings", "title: Booked").partition("  open_tickets:")[0])
    before, after = (
        {one["title"]: one["id"] for one in panels(boards["sales"])}
        for boards in (BOARDS["own"], boards_of(smaller))
    )
    assert before["Deals | won · 7d"] == after["Deals | won · 7d"]
    assert before["Bookings · ${window_24h_30d}"] == after["Booked · ${window_24h_30d}"]


def test_without_the_library_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.generate.dashboards.find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "streams.generate.dashboards.files", raising=False)
    with pytest.raises(MissingPart, match=r"pip install 'crm-kpi-streams\[grafana\]'"):
        texts(shipped())
