"""How soon a page of the board shows what it has, in a real Chromium.

Each time is that of a new page with an empty cache, from the beginning of its navigation, as the browser
itself measures it: the first paint, when every tile has what the stream told first (`filled`), and when the
sparklines stand there (`drawn`).
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Browser, async_playwright

from tests.browser.chromium import launched

PAGES: Final = 5
PATIENCE_S: Final = 60.0
TICK_S: Final = 0.05
_DESK: Final = {"width": 1440, "height": 900}
_DRAWN: Final = "performance.getEntriesByName('drawn').length > 0"
_TIMES: Final = """() => {
    const at = (name) => performance.getEntriesByName(name)[0].startTime;
    const values = [...document.querySelectorAll(".tile-value")];
    return {
        painted: at("first-contentful-paint"),
        filled: at("filled"),
        drawn: at("drawn"),
        tiles: document.querySelectorAll(".tile").length,
        valued: values.filter((one) => /[0-9]/.test(one.textContent)).length,
    };
}"""


@dataclass(frozen=True, slots=True)
class Paint:
    """One page; milliseconds."""

    painted: float
    filled: float
    drawn: float
    tiles: int
    valued: int
    """Tiles that have a number to show."""


async def paints(address: str) -> list[Paint]:
    """Several pages, one after the other."""
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        try:
            return [await _paint(browser, address) for _ in range(PAGES)]
        finally:
            await browser.close()


async def _paint(browser: Browser, address: str) -> Paint:
    context = await browser.new_context(viewport=_DESK)  # type: ignore[arg-type]
    try:
        page = await context.new_page()
        await page.goto(address)
        async with asyncio.timeout(PATIENCE_S):
            while not await page.evaluate(_DRAWN):  # a function that waits in the page, its policy forbids
                await asyncio.sleep(TICK_S)
        found: dict[str, Any] = await page.evaluate(_TIMES)
        return Paint(**found)
    finally:
        await context.close()
