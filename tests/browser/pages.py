"""The overview as tests look at it."""

import asyncio
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.boards import LiveBoard
from tests.browser.shots import DRAWN


async def readings(page: Page, board: LiveBoard, query: str) -> dict[str, dict[str, Any]]:
    """KPI -> its reading, as the API tells it."""
    answer = await page.request.get(f"{board.address}/api/v1/readings?{query}")
    return {one["kpi"]: one for one in (await answer.json())["readings"]}


async def tiles(page: Page) -> dict[str, str]:
    """KPI -> the value that its tile shows."""
    found = await page.locator(".tile").evaluate_all(
        "(tiles) => tiles.map((tile) => [tile.dataset.kpi, tile.querySelector('.tile-value').textContent])"
    )
    return dict(found)


async def opened(page: Page, board: LiveBoard, query: str = "") -> None:
    """The overview, when its tiles are filled."""
    await page.goto(f"{board.address}/{query}")
    await expect(page.locator(".status")).to_contain_text("As of")
    await expect(page.locator("main[aria-busy]")).to_have_count(0)


async def drawn(page: Page) -> None:
    """Wait until every section of a page has what it asked for; of a KPI that there is not there is none."""
    if await page.locator(".unknown").count() == 0:
        async with asyncio.timeout(60):
            while not await page.evaluate(DRAWN):
                await asyncio.sleep(0.05)


def tile(page: Page, kpi: str) -> Locator:
    return page.locator(f'.tile[data-kpi="{kpi}"]')
