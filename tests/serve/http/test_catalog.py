"""/api/v1/catalog and /api/v1/kpis: what there is, and what it means."""

from typing import Any

from streams.human import GROUPS
from tests.builders import shipped
from tests.serve.builders import StillBoard, showing, web
from tests.serve.http.clients import LEADS, get_json


async def catalog() -> Any:
    return await get_json("/api/v1/catalog")


async def test_every_kpi_is_told_in_a_group_that_has_a_title() -> None:
    document = await catalog()
    assert [one["kpi"] for one in document["kpis"]] == list(shipped().catalog.kpis)
    groups = {one["id"]: one["title"] for one in document["groups"]}
    assert groups == GROUPS
    assert {one["group"] for one in document["kpis"]} <= groups.keys()
    assert document["currency"] == "USD"
    assert document["windows"][:3] == ["now", "5m", "15m"]


async def test_every_series_is_told_the_one_that_stands_for_its_kpi_first() -> None:
    told = [
        (kpi["kpi"], one["gauge"], one["labels"], one["unit"], one["windows"])
        for kpi in (await catalog())["kpis"]
        for one in kpi["series"]
    ]
    assert told == [(one.kpi, one.gauge, one.labels, one.unit, list(one.windows)) for one in shipped().series]


async def test_a_guardrail_is_told_from_both_sides() -> None:
    kpis = {one["kpi"]: one for one in (await catalog())["kpis"]}
    pairs = {(name, one["kpi"]) for name, kpi in kpis.items() for one in kpi["guardrails"]}
    assert pairs == {(guarded, name) for name, kpi in kpis.items() for guarded in kpi["guards"]}
    assert len(pairs) > 20


async def test_a_kpi_with_a_waiting_list_names_it() -> None:
    kpis = {one["kpi"]: one for one in (await catalog())["kpis"]}
    assert {one["open_measure"] for one in kpis["leads_waiting"]["series"]} == {"leads_waiting"}
    assert {one["open_measure"] for one in kpis["lead_volume"]["series"]} == {None}


async def test_an_alert_is_told_with_the_series_that_it_judges() -> None:
    for kpi in (await catalog())["kpis"]:
        for alert in kpi["alerts"]:
            judged = [
                one
                for one in kpi["series"]
                if one["gauge"] == alert["gauge"] and alert["labels"].items() <= one["labels"].items()
            ]
            assert judged, kpi["kpi"]
            assert {"windows", "warn", "critical", "clear", "min_samples", "judge", "for"} <= alert.keys()


async def test_the_catalog_is_not_sent_again_to_who_has_it() -> None:
    async with web(StillBoard(showing(*LEADS))) as client:
        tag = (await client.get("/api/v1/catalog")).headers["ETag"]
        assert (await client.get("/api/v1/catalog", headers={"If-None-Match": tag})).status == 304


# -- One KPI ----------------------------------------------------------------------------------------------


async def test_one_kpi_is_told_with_its_readings_and_what_the_catalog_says_of_it() -> None:
    document = await get_json("/api/v1/kpis/lead_response?window=24h&dimension=channel")
    (described,) = [one for one in (await catalog())["kpis"] if one["kpi"] == "lead_response"]
    assert document["kpi"] == described
    asked = await get_json("/api/v1/readings?kpi=lead_response&window=24h&dimension=channel")
    assert document["readings"] == asked["readings"]
    assert document["as_of"] == asked["as_of"]


async def test_a_kpi_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    fault = await get_json("/api/v1/kpis/nonsense", status=400)
    assert (fault["parameter"], fault["known"]) == ("kpi", list(shipped().catalog.kpis))
    fault = await get_json("/api/v1/kpis/lead_volume?kpi=revenue", status=400)
    assert fault["parameter"] == "kpi"
