"""The page of one KPI, as a real Chromium shows it: its number, its switches, its course."""

import pytest
from playwright.async_api import Page, expect

from streams.human import GROUPS, format_seconds, format_value
from tests.browser.boards import live_board
from tests.browser.kpi_pages import asked, fact, number, opened, reading, section
from tests.builders import (
    CATALOG,
    Event,
    each,
    lead_contacted,
    lead_created,
    lead_qualified,
    plan_of,
    shipped,
    ticket_created,
)
from tests.company import END_MS, told
from tests.serve.builders import NOW_MS

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def answered(minutes: int) -> list[Event]:
    """Leads that were answered after 1, 2, .. minutes."""
    return [
        event
        for minute in range(1, minutes + 1)
        for event in (
            lead_created(f"lead-{minute}", NOW_MS - HOUR_MS * 2),
            lead_contacted(f"lead-{minute}", NOW_MS - HOUR_MS * 2 + minute * 60_000),
        )
    ]


@pytest.mark.parametrize("group", GROUPS)
async def test_every_kpi_has_a_page_with_the_number_that_the_readings_have(
    page: Page, redis_url: str, group: str
) -> None:
    kpis = {name for name, kpi in shipped().catalog.kpis.items() if kpi.group == group}
    units = {series.kpi: series.unit for series in reversed(shipped().series)}
    async with live_board(redis_url, *told(), now_ms=lambda: END_MS) as board:
        query = "window=30d&nearest=1&series=first&dimension=all"
        found = (await asked(page, board, f"readings?{query}"))["readings"]
        assert {one["kpi"] for one in found} == units.keys() and kpis
        for one in (one for one in found if one["kpi"] in kpis):
            await opened(page, board, one["kpi"], "?window=30d")
            text = format_value(one["value"], units[one["kpi"]], one["labels"].get("currency"))
            await expect(number(page)).to_have_text(text)


async def test_beside_the_number_stands_what_it_is_to_be_held_against(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, *told(), now_ms=lambda: END_MS) as board:
        found = await reading(page, board, "kpi=csat&window=365d&dimension=all")
        await opened(page, board, "csat", "?window=365d")
        await expect(fact(page, "Samples")).to_have_text(f"{found['samples']:,}")
        bounds = [format_value(found[name], "ratio") for name in ("lower", "upper")]
        await expect(fact(page, "Bounds")).to_have_text(" to ".join(bounds))
        met = "met" if found["value"] >= found["target"] else "missed"
        await expect(fact(page, "Target")).to_have_text(f"85 %, {met}")
        await opened(page, board, "lead_answered", "?window=365d")
        await expect(fact(page, "Benchmark")).to_contain_text("37.0 % (2011-03-01: Oldroyd")


async def test_a_series_is_chosen_in_the_address_and_the_back_button_gives_the_one_before(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, *answered(40)) as board:
        here = f"{board.address}/kpi/lead_response?window=24h"
        await opened(page, board, "lead_response", "?window=24h")
        first = await number(page).text_content() or ""
        assert first != format_seconds(20.5 * 60)
        await page.get_by_role("link", name="mean", exact=True).click()
        await expect(page).to_have_url(f"{here}&gauge=crm_lead_response_seconds_mean&clock=calendar")
        await expect(number(page)).to_have_text(format_seconds(20.5 * 60))
        await page.get_by_role("link", name="p99", exact=True).click()
        await expect(page).to_have_url(f"{here}&clock=calendar&quantile=0.99")
        p99 = await reading(page, board, "kpi=lead_response&window=24h&dimension=all", quantile="0.99")
        await expect(number(page)).to_have_text(format_seconds(p99["value"]))
        await page.go_back()
        await expect(number(page)).to_have_text(format_seconds(20.5 * 60))
        await page.go_back()
        await expect(page).to_have_url(here)
        await expect(number(page)).to_have_text(first)


async def test_a_shared_address_shows_the_series_the_window_and_the_slice_that_it_names(
    page: Page, redis_url: str
) -> None:
    events = [
        *(lead_created(f"web-{at}", channel="web") for at in range(3)),
        lead_created("mail-1", channel="mail"),
        lead_contacted("web-1", "10:30", channel="web"),
    ]
    async with live_board(redis_url, *events) as board:
        query = "?window=7d&dimension=channel&member=web&within=5m&state=provisional&theme=dark"
        await opened(page, board, "lead_answered", query)
        await expect(page.locator(".number-of")).to_have_text("provisional, 5m, the last 7 days, channel web")
        await expect(fact(page, "Samples")).to_have_text("3")
        await expect(number(page)).to_have_text("0.0 %")
        await page.get_by_role("link", name="1h", exact=True).last.click()
        await expect(number(page)).to_have_text("33.3 %")
        await page.get_by_role("link", name="the whole").click()
        await expect(number(page)).to_have_text("25.0 %")
        assert "member" not in page.url and "dimension=channel" in page.url


async def test_a_window_or_a_series_that_there_is_not_gives_the_nearest_and_says_so(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board, "churn", "?window=1h&kind=none")
        notes = page.locator(".notes")
        await expect(notes).to_contain_text("no window 1h; shown is the nearest, 30d")
        await expect(notes).to_contain_text("no series kind none; shown is kind all")
        await opened(page, board, "churn", "?dimension=team&member=red")
        await expect(notes).to_have_text("This KPI is not sliced by team; shown is the whole.")
        await opened(page, board, "churn")
        await expect(notes).to_be_empty()


async def test_a_number_that_there_is_not_says_why(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        doubt = page.locator(".number-doubt")
        for kpi, why in {
            "lead_acceptance": "No value: leads_mql is 0 here.",
            "lead_response": "No value: nothing that it is computed from has happened here.",
            "cost_per_lead": "No value: something that the formula reads is missing here",
        }.items():
            await opened(page, board, kpi)
            await expect(number(page)).to_have_text("–")
            await expect(doubt).to_contain_text(why)


async def test_a_number_that_may_still_change_or_rests_on_little_says_so(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, *answered(3)) as board:
        await opened(page, board, "lead_answered")
        await expect(page.locator(".number-doubt")).to_contain_text("Provisional")
        await page.get_by_role("link", name="final").click()
        await expect(page.locator(".number-doubt")).to_contain_text("Final")
        await opened(page, board, "lead_response", "?quantile=0.9&clock=business")
        await expect(page.locator(".number-doubt")).to_contain_text("samples are too few")
        await expect(page.locator(".number-line .verdict")).to_have_text("few samples")


async def test_what_is_committed_reaches_the_number_the_slices_and_the_explanation(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1", channel="web")) as board:
        await opened(page, board, "lead_volume")
        await expect(number(page)).to_have_text("1")
        await board.take(*(lead_created(f"new-{at}", "11:00", channel="mail") for at in range(4)))
        await expect(number(page)).to_have_text("5")
        await expect(section(page, "Slices").get_by_role("row", name="mail")).to_contain_text("4")
        await expect(section(page, "Why this number").locator(".value")).to_have_text("5")


async def test_what_a_stream_tells_gone_is_gone(page: Page, redis_url: str) -> None:
    now_ms, streams, at_ms = [NOW_MS], [], NOW_MS - 50 * 60_000
    page.on("request", lambda request: streams.append(request.url) if "/stream?" in request.url else None)
    event = lead_created("lead-1", at_ms, channel="web")
    async with live_board(redis_url, event, now_ms=lambda: now_ms[0]) as board:
        await opened(page, board, "lead_acceptance", "?window=1h")
        await board.take(lead_qualified("lead-1", at_ms, channel="web"))
        slices = section(page, "Slices")
        await expect(slices.get_by_role("row", name="web")).to_be_visible()
        now_ms[0] += 2 * HOUR_MS
        await expect(slices.get_by_role("row", name="web")).to_have_count(0)
        await expect(slices.get_by_text("Nothing is counted in any slice of this window.")).to_be_visible()
        await expect(number(page)).to_have_text("–")
    assert len(streams) == 1  # by a change, not because all was asked for anew


async def test_when_the_board_comes_back_so_does_every_section(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1", channel="web")) as board:
        await opened(page, board, "lead_volume")
        await expect(number(page)).to_have_text("1")
        await board.stop()
        await expect(page.locator("main[data-old]")).to_be_visible()
        await expect(number(page)).to_have_text("1")  # old, and said to be
        await board.take(lead_created("lead-2", channel="mail"))
        await board.start()
        await expect(number(page)).to_have_text("2")
        await expect(page.locator("main[data-old]")).to_have_count(0)
        await expect(section(page, "Slices").get_by_role("row", name="mail")).to_be_visible()
        await expect(section(page, "Why this number").locator(".value")).to_have_text("2")


async def test_the_course_is_gone_through_by_keys_and_says_each_point(page: Page, redis_url: str) -> None:
    events = [
        *each(lambda at: ticket_created(f"old-{at}", NOW_MS - 5 * HOUR_MS), 3),
        *each(lambda at: ticket_created(f"new-{at}", NOW_MS - 2 * HOUR_MS), 7),
    ]
    async with live_board(redis_url, *events) as board:
        await opened(page, board, "tickets")
        slider = section(page, "Over time").get_by_role("slider")
        await slider.focus()
        await slider.press("End")
        await expect(slider).to_have_attribute("aria-valuetext", "Mon 15 Apr, 18:00; 0, still running")
        await slider.press("ArrowLeft")
        await slider.press("ArrowLeft")
        await expect(slider).to_have_attribute("aria-valuetext", "Mon 15 Apr, 16:00; 7")
        await expect(section(page, "Over time").locator(".readout")).to_contain_text("16:00")
        await slider.press("PageUp")
        await slider.press("Home")
        await expect(slider).to_have_attribute("aria-valuenow", "0")


async def test_the_pointer_says_the_point_that_it_is_at(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, *each(lambda at: ticket_created(f"ticket-{at}", "16:10"), 7)) as board:
        await opened(page, board, "tickets")
        course = section(page, "Over time")
        plot = await course.locator(".u-over").bounding_box()
        assert plot is not None
        pane = plot["width"] / 25  # of the last 24 hours, and the hour that still runs
        await page.mouse.move(plot["x"] + 22.1 * pane, plot["y"] + 20)
        await expect(course.locator(".readout")).to_have_text("Mon 15 Apr, 16:007")
        await page.mouse.move(plot["x"] + 22.1 * pane, plot["y"] - 200)
        await expect(course.locator(".readout")).to_contain_text("18:00")


async def test_times_are_those_of_the_catalogs_time_zone(page: Page, redis_url: str) -> None:
    text = CATALOG.read_text().replace("time_zone: UTC", "time_zone: Asia/Tokyo")
    async with live_board(redis_url, ticket_created("ticket-1"), plan=plan_of(text)) as board:
        await opened(page, board, "tickets")
        course = section(page, "Over time")
        await course.get_by_role("slider").press("End")
        await expect(course.get_by_role("slider")).to_have_attribute(
            "aria-valuetext", "Tue 16 Apr, 03:00; 0, still running"
        )
        await expect(course).to_contain_text("Times in Asia/Tokyo.")


async def test_the_points_stand_in_a_table_too(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, *told(), now_ms=lambda: END_MS) as board:
        query = "kpi=csat&span=365d&dimension=all"
        [points] = (await asked(page, board, f"series?{query}"))["series"]
        await opened(page, board, "csat", "?window=365d")
        await page.get_by_text("The points as a table").click()
        cells = section(page, "Over time").locator("tbody td:nth-child(2)")
        await expect(cells.first).to_be_visible()
        shown = await cells.all_text_contents()
    assert shown == [format_value(value, "ratio") for value in reversed(points["values"])]
    assert any(value is not None for value in points["values"])


async def test_an_address_that_cannot_be_decoded_is_no_kpi_either(page: Page, redis_url: str) -> None:
    async with live_board(redis_url) as board:
        await page.goto(f"{board.address}/kpi/nonsense%E0%A4%A")
        await expect(page.locator("main")).to_contain_text("The catalog has none that is called nonsense%E0")


async def test_the_foot_of_both_pages_has_the_same_links(page: Page, redis_url: str) -> None:
    async with live_board(redis_url) as board:
        found = []
        for path in ("", "kpi/lead_volume"):
            await page.goto(f"{board.address}/{path}")
            found.append(await page.locator(".foot a").evaluate_all("(all) => all.map((one) => one.href)"))
    assert found[0] == found[1]
    assert f"{board.address}/docs/runbooks/" in found[1]


async def test_a_kpi_that_there_is_not_is_404_and_names_those_that_there_are(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url) as board:
        answer = await page.goto(f"{board.address}/kpi/%3Cb%3Eno%3C%2Fb%3E?window=7d")
        assert answer is not None and answer.status == 404
        await expect(page.locator("main")).to_contain_text("The catalog has none that is called <b>no</b>.")
        links = page.locator("main li a")
        assert await links.count() == len(shipped().catalog.kpis)
        await links.filter(has_text="Lead conversion").first.click()
        await expect(page).to_have_url(f"{board.address}/kpi/lead_conversion?window=7d")
