"""The page of one KPI for those who do not see it well, or not at all; and on screens of every size."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import overflowing, violations
from tests.browser.boards import live_board
from tests.browser.kpi_pages import number, opened, section
from tests.browser.shots import SIZES, THEMES
from tests.builders import lead_created
from tests.company import END_MS, told

KPIS = {
    "lead_response": "window=365d&quantile=0.9&clock=business",
    "stage_conversion": "window=365d",
    "leads_waiting": "gauge=crm_leads_waiting_oldest_seconds",
    "revenue": "window=90d&dimension=channel",
    "clv_to_cac": "window=365d",
    "nothing": "",
}
"""KPI -> a view of it; between them they have every kind of section, and one is none."""
FOCUSED = """
() => document.activeElement.textContent.slice(0, 40) + document.activeElement.role
"""


@pytest.mark.parametrize("kpi", KPIS)
async def test_axe_finds_nothing_wrong_at_any_size_in_either_theme(
    page: Page, redis_url: str, kpi: str
) -> None:
    async with live_board(redis_url, *told(), now_ms=lambda: END_MS) as board:
        for theme in THEMES:
            await page.set_viewport_size({"width": 1440, "height": 900})
            await opened(page, board, kpi, f"?{KPIS[kpi]}&theme={theme}")
            for summary in await page.locator("summary:visible").all():
                await summary.click()
            for name, (width, height) in SIZES.items():
                await page.set_viewport_size({"width": width, "height": height})
                assert await violations(page) == [], (theme, name)
                assert await overflowing(page) == [], (theme, name)


async def test_the_keyboard_reaches_all_that_can_be_pressed_and_every_chart(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1", channel="web")) as board:
        await opened(page, board, "lead_volume")
        reached = set()
        for _ in range(60):
            await page.keyboard.press("Tab")
            reached.add(
                await page.evaluate(
                    "document.activeElement.textContent.slice(0, 40) + document.activeElement.role"
                )
            )
        for text in ("7d", "region", "Value", "web", "The points as a table", "leads = 1"):
            assert any(one.startswith(text) for one in reached), text
        assert any(one.endswith("slider") for one in reached)


async def test_a_redraw_does_not_take_the_focus_away(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1", channel="web")) as board:
        await opened(page, board, "lead_volume")
        link = section(page, "Slices").get_by_role("link", name="web")
        await link.focus()
        await board.take(lead_created("lead-2", channel="web"))
        await expect(number(page)).to_have_text("2")
        await expect(section(page, "Slices").get_by_role("row", name="web")).to_contain_text("2")
        await expect(link).to_be_focused()


async def test_what_is_opened_stays_open_and_focused_when_its_numbers_change(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1", channel="web")) as board:
        await opened(page, board, "lead_volume")
        why = section(page, "Why this number")
        await why.locator("summary").focus()
        await page.keyboard.press("Enter")
        await board.take(lead_created("lead-2", channel="web"))
        await expect(why.locator(".value")).to_have_text("2")
        await expect(why.locator("summary")).to_be_focused()
        await expect(why.locator("details[open]")).to_have_count(1)


async def test_an_open_table_of_points_keeps_focus_and_scroll_when_its_points_change(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1", channel="web")) as board:
        await opened(page, board, "lead_volume")
        await page.get_by_text("The points as a table").click()
        table = page.get_by_role("group", name="The points of the chart")
        await table.focus()
        await table.evaluate("(frame) => { frame.style.blockSize = '4rem'; frame.style.overflow = 'auto'; }")
        await table.evaluate("(frame) => { frame.scrollTop = 40; }")
        await board.take(lead_created("lead-2", channel="web"))
        await expect(table.get_by_role("cell", name="2", exact=True).first).to_be_visible()
        await expect(table).to_be_focused()
        assert await table.evaluate("(frame) => frame.scrollTop") == 40
