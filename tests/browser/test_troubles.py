"""What the pages say when something is wrong, and what they do when it is over."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.boards import live_board
from tests.browser.pages import opened, tile
from tests.builders import CATALOG, lead_created, plan_of
from tests.servers import RedisServer, redis_binary

FRESH = '.status[data-level="fresh"]'
OVERVIEW_VALUE = '.tile[data-kpi="lead_volume"] .tile-value'
HIDES = """
let hidden = false;
Object.defineProperty(document, "hidden", { get: () => hidden });
window.hide = (now) => { hidden = now; document.dispatchEvent(new Event("visibilitychange")); };
window.streams = [];
window.EventSource = class extends EventSource { constructor(url) { super(url); streams.push(this); } };
"""
"""Lets a test say whether the page is looked at, and see its streams."""


async def test_a_board_that_is_away_is_said_to_be_and_the_page_recovers_by_itself(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board)
        await expect(page.locator(FRESH)).to_be_visible()
        await board.stop()
        await expect(page.locator(".status-troubles")).to_contain_text("The board does not answer")
        await expect(page.locator("main[data-old]")).to_be_visible()
        await board.take(lead_created("lead-2"))
        await board.start()
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("2")
        await expect(page.locator(FRESH)).to_be_visible()
        await expect(page.locator(".status-troubles li")).to_have_count(0)


async def test_a_redis_that_hangs_makes_the_numbers_old_until_it_is_back(page: Page, tmp_path: Path) -> None:
    with RedisServer(redis_binary("wheel"), tmp_path) as redis:
        async with live_board(redis.url, lead_created("lead-1")) as board:
            await opened(page, board)
            await expect(page.locator(FRESH)).to_be_visible()
            redis.pause()
            try:
                await expect(page.locator(".status-troubles")).to_contain_text("Partition 0: Redis does not")
                await expect(page.locator(".status")).to_have_attribute("data-level", "old")
                await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("1")
            finally:
                redis.resume()
            await expect(page.locator(FRESH)).to_be_visible()


@pytest.mark.parametrize(("path", "value"), [("/", OVERVIEW_VALUE), ("/kpi/lead_volume", ".number-value")])
async def test_a_board_that_comes_back_and_has_read_nothing_leaves_the_numbers_and_says_that_they_are_old(
    page: Page, tmp_path: Path, path: str, value: str
) -> None:
    with RedisServer(redis_binary("wheel"), tmp_path) as redis:
        async with live_board(redis.url, lead_created("lead-1")) as board:
            await page.goto(f"{board.address}{path}")
            await expect(page.locator(value)).to_have_text("1")
            await board.stop()
            redis.pause()
            try:
                await board.start()
                await expect(page.locator(".status-troubles")).to_contain_text("has no readings yet")
                await expect(page.locator(".status")).to_have_attribute("data-level", "old")
                await expect(page.locator(".status-line")).to_contain_text("As of")
                await expect(page.locator(value)).to_have_text("1")
                await expect(page.locator(".notice:visible")).to_have_count(0)
            finally:
                redis.resume()
            await expect(page.locator(FRESH)).to_be_visible()


async def test_a_page_of_a_board_that_has_read_nothing_blames_neither_events_nor_the_slice(
    page: Page, tmp_path: Path
) -> None:
    with RedisServer(redis_binary("wheel"), tmp_path) as redis:
        async with live_board(redis.url, lead_created("lead-1")) as board:
            await board.stop()
            redis.pause()
            try:
                await board.start()
                await page.goto(board.address)
                await expect(page.locator(".notice")).to_contain_text("when the board has read")
                await expect(tile(page, "lead_volume")).to_contain_text("not told yet")
            finally:
                redis.resume()


async def test_a_board_that_comes_back_with_other_words_is_loaded_anew(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board, "?window=7d")
        await board.stop()
        await expect(page.locator(".status-troubles")).to_contain_text("The board does not answer")
        board.plan = plan_of(CATALOG.read_text().replace("title: Leads\n", "title: Enquiries\n"))
        await board.start()
        await expect(tile(page, "lead_volume").get_by_role("link")).to_have_text("Enquiries")
        await expect(page.locator('.windows [aria-current="true"]')).to_have_text("7d")


async def test_a_partition_without_a_worker_is_named(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1"), partitions=2) as board:
        await page.goto(board.address)
        await expect(page.locator(".status-troubles")).to_contain_text("Partition 1: no worker owns it")
        await expect(page.locator(".status .spoken")).to_contain_text("Partition 1")


async def test_a_page_that_is_opened_before_the_board_answers_fills_itself(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await page.route("**/api/v1/catalog", lambda route: route.abort(), times=1)
        await page.goto(board.address)
        await expect(page.get_by_role("alert")).to_contain_text("the board does not answer")
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("1")


@pytest.mark.parametrize("code", [401, 503])
async def test_an_answer_that_is_no_catalog_is_said_in_words(page: Page, redis_url: str, code: int) -> None:
    words = {401: "wants a token", 503: "not every partition"}
    async with live_board(redis_url) as board:
        fault = {"error": "not every partition was read yet"}
        await page.route("**/api/v1/catalog", lambda route: route.fulfill(status=code, json=fault))
        await page.goto(board.address)
        await expect(page.get_by_role("alert")).to_contain_text(words[code])


async def test_a_page_that_nobody_looks_at_holds_no_connection(page: Page, redis_url: str) -> None:
    """A browser has six to a server: the seventh tab would wait for ever."""
    await page.add_init_script(HIDES)
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board)
        await page.evaluate("hide(true)")
        assert await page.evaluate("streams.every((one) => one.readyState === EventSource.CLOSED)")
        await board.take(lead_created("lead-2"))
        await page.evaluate("hide(false)")
        await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("2")
