"""A board that wants a token, as a browser meets it."""

import pytest
from playwright.async_api import Browser, Error, Page, expect

from tests.browser.boards import live_board
from tests.browser.pages import opened, tile
from tests.builders import lead_created

TOKEN = "a-token-of-more-than-a-few-letters"


async def test_whoever_gives_the_token_when_the_browser_asks_sees_everything(
    browser: Browser, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1"), board_token=TOKEN) as board:
        context = await browser.new_context(http_credentials={"username": "", "password": TOKEN})
        page = await context.new_page()
        await opened(page, board)
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("1")
        await board.take(lead_created("lead-2"))
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("2")
        await context.close()


async def test_without_it_there_is_no_number_at_all(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1"), board_token=TOKEN) as board:
        with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):
            await page.goto(board.address)
        assert await page.locator(".tile").count() == 0


@pytest.mark.parametrize("path", ["", "kpi/lead_volume"])
async def test_a_page_whose_token_is_no_longer_good_says_so(
    browser: Browser, redis_url: str, path: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1"), board_token=TOKEN) as board:
        context = await browser.new_context(http_credentials={"username": "", "password": TOKEN})
        page = await context.new_page()
        await opened(page, board, path)
        await context.route("**/api/v1/**", lambda route: route.fulfill(status=401, json={}))
        await board.stop()
        await board.start()
        await expect(page.locator(".status-troubles")).to_contain_text("the board wants a token")
        await context.close()
