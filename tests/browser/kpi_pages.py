"""The page of one KPI as tests look at it."""

import asyncio
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.boards import LiveBoard
from tests.browser.pages import drawn


async def opened(page: Page, board: LiveBoard, kpi: str, query: str = "") -> None:
    """The page of a KPI, of a board that has readings, when these have come."""
    await ready(page, board)
    await page.goto(f"{board.address}/kpi/{kpi}{query}")
    await expect(page.locator("h1")).to_be_visible()
    await expect(page.locator("main[aria-busy]")).to_have_count(0)
    await drawn(page)


async def ready(page: Page, board: LiveBoard) -> None:
    """Wait until the board has read all and computed what it shows."""
    async with asyncio.timeout(30):
        while (await told(page, board, "freshness"))["as_of"] is None:
            await asyncio.sleep(0.05)


async def asked(page: Page, board: LiveBoard, path: str) -> Any:
    """What the API of a board answers that has readings."""
    await ready(page, board)
    return await told(page, board, path)


async def told(page: Page, board: LiveBoard, path: str) -> Any:
    answer = await page.request.get(f"{board.address}/api/v1/{path}")
    assert answer.ok, await answer.text()
    return await answer.json()


async def reading(page: Page, board: LiveBoard, query: str, **labels: str) -> dict[str, Any]:
    """The reading that the API tells: the first with these labels."""
    found = (await asked(page, board, f"readings?{query}"))["readings"]
    return next(dict(one) for one in found if labels.items() <= one["labels"].items())


def number(page: Page) -> Locator:
    """The large number."""
    return page.locator(".number-value")


def fact(page: Page, name: str) -> Locator:
    """What stands beside the number: its target, its bounds."""
    return page.locator(".facts div").filter(has_text=name).locator("dd")


def section(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def rows(page: Page, title: str) -> Locator:
    """The rows of a section's table."""
    return section(page, title).locator("tbody tr")


async def column(page: Page, title: str, at: int) -> list[str]:
    """The texts of one column of a section's table."""
    cells = rows(page, title).locator(f":nth-child({at + 1} of th, td)")
    return [text.strip() for text in await cells.all_text_contents()]
