"""The overview, as a real Chromium shows it."""

import re

from playwright.async_api import Page, expect

from streams.human import NONE, format_value
from streams.naming import source_total
from streams.state import Changes
from tests.browser.boards import live_board
from tests.browser.pages import drawn, opened, readings, tile, tiles
from tests.builders import (
    CATALOG,
    lead_contacted,
    lead_created,
    plan_of,
    shipped,
    ticket_created,
    ticket_escalated,
)
from tests.company import END_MS, told
from tests.serve.builders import NOW_MS

PLACES = """
() => [...document.querySelectorAll(".tile, main h2")].map((node) => {
  const { left, top, width, height } = node.getBoundingClientRect();
  return [left, top, width, height];
})
"""
BEFORE = """
async (windows) => {
  const { changeOf } = await import("/static/js/words.js");
  const reading = { previous: 1, compared: 2, change: 1 };
  return windows.map((window) => changeOf({ ...reading, window }, { good: "up" }, "count", null).before);
}
"""
WHOLE = "series=first&nearest=1&dimension=all"


async def test_every_kpi_has_a_tile_with_the_value_that_the_readings_have(page: Page, redis_url: str) -> None:
    units = {series.kpi: series.unit for series in reversed(shipped().series)}
    async with live_board(redis_url, *told(), now_ms=lambda: END_MS) as board:
        for window in ("24h", "30d", "365d"):
            await opened(page, board, f"?window={window}")
            of_kpi, shown = await readings(page, board, f"{WHOLE}&window={window}"), await tiles(page)
            assert shown == {
                kpi: format_value(of_kpi[kpi]["value"], units[kpi], of_kpi[kpi]["labels"].get("currency"))
                for kpi in shipped().catalog.kpis
            }
        assert sum(text != NONE for text in shown.values()) > 40


async def test_tiles_stand_in_their_groups_under_headings(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board)
        headings = await page.locator("main h2:not(.spoken)").all_text_contents()
        assert headings == ["Sales", "Support", "Customers", "Campaigns", "CRM health", "Pipeline"]
        support = page.get_by_role("region", name="Support")
        assert await support.locator(".tile").count() == sum(
            kpi.group == "support" for kpi in shipped().catalog.kpis.values()
        )


async def test_what_is_committed_reaches_the_page_and_other_tiles_are_not_touched(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board)
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("1")
        await drawn(page)
        await page.evaluate(
            """() => {
                globalThis.touched = new Set();
                const note = (changes) => changes.forEach(({ target }) => {
                    const tile = (target.closest ? target : target.parentElement)?.closest(".tile");
                    if (tile) touched.add(tile.dataset.kpi);
                });
                const options = { subtree: true, childList: true, characterData: true, attributes: true };
                new MutationObserver(note).observe(document.querySelector(".groups"), options);
            }"""
        )
        await board.take(ticket_created("ticket-1", "11:00"))
        await expect(tile(page, "tickets").locator(".tile-value")).to_have_text("1")
        touched = await page.evaluate("[...touched]")
    assert "tickets" in touched
    assert "lead_volume" not in touched and "win_rate" not in touched


async def test_an_update_moves_nothing(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1", "10:00")) as board:
        await opened(page, board)
        before = await page.evaluate(PLACES)
        leads = [lead_created(f"lead-{number}", "11:00") for number in range(2, 1_300)]
        answers = [lead_contacted(f"lead-{number}", "11:10") for number in range(1, 1_300)]
        await board.take(*leads, *answers, lead_created("forgotten", "2024-04-05 11:00"))
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("1,299")
        await expect(tile(page, "leads_waiting").locator(".verdict")).to_have_text("critical")
        assert await page.evaluate(PLACES) == before


async def test_the_summary_says_what_is_beyond_its_limits_whichever_series_or_window_is_judged(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1", "2024-04-05 11:00")) as board:
        await opened(page, board, "?window=7d")
        chip = page.get_by_role("list", name="Beyond their limits").get_by_role("link")
        await expect(chip).to_have_text("critical: Leads waiting, oldest 10 d 7 h")
        await expect(page.locator('[data-figure="critical"]')).to_have_text("1 critical")
        await expect(tile(page, "leads_waiting").locator(".verdict")).to_have_text("critical")
        await expect(tile(page, "leads_waiting").locator(".tile-foot")).to_contain_text("oldest 10 d 7 h")
        await board.take(lead_contacted("lead-1", "17:00"))
        await expect(page.locator(".summary-bad")).to_have_text("Nothing is beyond its limits.")


async def test_the_view_is_in_the_address_and_can_be_shared(page: Page, redis_url: str) -> None:
    async with live_board(
        redis_url, lead_created("lead-1", channel="web"), lead_created("lead-2", channel="mail")
    ) as board:
        await opened(page, board)
        await page.get_by_role("link", name="7d", exact=True).click()
        await page.get_by_label("Slice by").select_option("channel")
        await page.get_by_label("Member").select_option("web")
        await page.get_by_label("Colours").select_option("dark")
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("1")
        address = page.url
        assert address == f"{board.address}/?window=7d&dimension=channel&member=web&theme=dark"
        await page.goto("about:blank")
        await page.goto(address)
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("1")
        await expect(page.locator('.windows [aria-current="true"]')).to_have_text("7d")
        await expect(page.get_by_label("Member")).to_have_value("web")
        assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
        await expect(tile(page, "pipeline").locator(".tile-foot")).to_contain_text("nothing to show")
        await expect(tile(page, "availability").locator(".tile-foot")).to_contain_text(
            "not sliced by channel"
        )
        link = tile(page, "lead_volume").get_by_role("link")
        assert await link.get_attribute("href") == (
            "/kpi/lead_volume?window=7d&dimension=channel&member=web&theme=dark"
        )


async def test_an_address_that_asks_for_what_there_is_not_is_corrected(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board, "?window=bogus&dimension=shoe_size&member=43&theme=dark")
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("1")
        assert page.url == f"{board.address}/?theme=dark"


async def test_a_catalog_without_the_usual_window_begins_with_its_shortest(
    page: Page, redis_url: str
) -> None:
    plan = plan_of(re.sub(", 24h|24h, ", "", CATALOG.read_text()))
    async with live_board(redis_url, lead_created("lead-1"), plan=plan) as board:
        await opened(page, board)
        assert page.url == f"{board.address}/?window=5m"
        await expect(page.locator(".windows a").filter(has_text="24h")).to_have_count(0)


async def test_the_back_button_gives_the_view_before(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1", "10:00")) as board:
        await opened(page, board, "?window=1h")
        value = tile(page, "lead_volume").locator(".tile-value")
        await expect(value).to_have_text("0")
        await page.get_by_role("link", name="24h", exact=True).click()
        await expect(value).to_have_text("1")
        await page.go_back()
        await expect(value).to_have_text("0")
        await expect(page.locator('.windows [aria-current="true"]')).to_have_text("1h")


async def test_the_keyboard_reaches_switches_and_tiles(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the numbers")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        for _ in range(10):  # what is beyond its limits stands before the tiles
            if await page.evaluate("Boolean(document.activeElement.closest('.tile'))"):
                break
            await page.keyboard.press("Tab")
        await expect(tile(page, "lead_conversion").get_by_role("link")).to_be_focused()
        await page.get_by_role("link", name="24h", exact=True).focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator('.windows [aria-current="true"]')).to_have_text("7d")


async def test_a_tile_says_what_is_provisional_rests_on_few_samples_or_has_another_window(
    page: Page, redis_url: str
) -> None:
    events = [lead_created(f"lead-{number}", "10:00") for number in range(3)]
    async with live_board(redis_url, *events, lead_contacted("lead-1", "10:30")) as board:
        await opened(page, board)
        answered = tile(page, "lead_answered")
        await expect(answered.locator(".tile-detail")).to_contain_text("provisional")
        await expect(answered.locator(".tile-foot")).to_contain_text("target 80 % missed")
        await expect(answered.locator(".tile-foot")).to_contain_text("at 95 %")
        await expect(answered.locator(".tile-foot")).to_contain_text("3 samples")
        await expect(tile(page, "leads_waiting").locator(".tile-detail")).to_have_text("now")
        await expect(tile(page, "lead_response").locator(".verdict")).to_have_text("few samples")


async def test_a_change_is_told_with_its_direction_in_words_and_not_by_colour_alone(
    page: Page, redis_url: str
) -> None:
    day_before = NOW_MS - 40 * 3_600_000
    before = [
        *(lead_created(f"lead-{number}", day_before) for number in range(2)),
        *(ticket_created(f"ticket-{number}", day_before) for number in range(2)),
        ticket_escalated("ticket-0", day_before + 1),
    ]
    after = [
        lead_created("lead-3", "10:00"),
        *(ticket_created(f"new-{number}", "10:00") for number in range(4)),
        ticket_escalated("new-0", "10:30"),
    ]
    async with live_board(redis_url, *before, *after) as board:
        await opened(page, board)
        for kpi, text, way, spoken in (
            ("lead_volume", "▼ 50.0 %", "bad", "down 50.0 %, worse, from 2 to 1"),
            ("escalation_rate", "▼ 50.0 %", "good", "down 50.0 %, better, from 50 % to 25 %"),
            ("tickets", "▲ 100.0 %", "none", "up 100.0 %, from 2 to 4"),
        ):
            change = tile(page, kpi).locator(".change")
            await expect(change).to_have_text(text)
            await expect(change).to_have_attribute("data-way", way)
            await expect(tile(page, kpi).locator(".tile-change .spoken")).to_have_text(spoken)


async def test_a_change_names_what_it_is_against(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board)
        windows = ["24h", "today", "mtd"]
        assert await page.evaluate(BEFORE, windows) == [
            "vs the 24h before",
            "vs the same time yesterday",
            "vs the same time before",
        ]


async def test_members_that_could_not_be_had_are_asked_for_again(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1", channel="web")) as board:
        await opened(page, board)
        await page.route("**/api/v1/readings?*", lambda route: route.abort(), times=1)
        await page.get_by_label("Slice by").select_option("channel")
        await expect(page.get_by_label("Member").get_by_role("option", name="web")).to_have_count(1)


async def test_the_source_that_has_been_silent_the_longest_stands_first(page: Page, redis_url: str) -> None:
    newest_ms = {"/shop": NOW_MS - 26 * 3_600_000, "/web": NOW_MS - 3_600_000}
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await board.writer.commit(
            Changes(totals={source_total(name): time_ms for name, time_ms in newest_ms.items()})
        )
        await opened(page, board)
        rows = page.get_by_role("region", name="Pipeline").locator(".sources li")
        await expect(rows).to_have_text(["/shop 1 d 2 h ago", "/web 1 h 0 min ago"])


async def test_without_any_event_the_page_says_so(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, ends_at="events") as board:
        await page.goto(board.address)
        await expect(page.locator(".notice")).to_contain_text("No readings yet")
        assert set((await tiles(page)).values()) == {NONE}
