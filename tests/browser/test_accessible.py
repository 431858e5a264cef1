"""The overview for those who do not see it well, or not at all; and on screens of every size."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import overflowing, violations
from tests.browser.boards import live_board
from tests.browser.pages import opened
from tests.company import END_MS, told

SIZES = {"phone": (360, 800), "desk": (1440, 900), "wall": (3840, 2160)}
THEMES = ("light", "dark")


async def test_axe_finds_nothing_wrong_at_any_size_in_either_theme(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, *told(), now_ms=lambda: END_MS) as board:
        for theme in THEMES:
            await opened(page, board, f"?window=30d&theme={theme}")
            for name, (width, height) in SIZES.items():
                await page.set_viewport_size({"width": width, "height": height})
                assert await violations(page) == [], (theme, name)
                assert await overflowing(page) == [], (theme, name)
        await board.stop()
        await expect(page.locator("main[data-old]")).to_be_visible()
        assert await violations(page) == []


@pytest.mark.parametrize("theme", THEMES)
async def test_a_theme_is_there_before_the_first_paint(page: Page, redis_url: str, theme: str) -> None:
    async with live_board(redis_url) as board:
        await page.route(
            "**/*.js", lambda route: route.continue_() if "first.js" in route.request.url else None
        )
        await page.goto(f"{board.address}/?theme={theme}", wait_until="commit")
        await expect(page.locator("html")).to_have_attribute("data-theme", theme)
