"""Pictures of a board's pages, at three sizes and in both themes.

python -m tests.browser.shots http://127.0.0.1:8600 directory [/kpi/lead_response?window=30d ...]
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, get_args

from playwright.async_api import Browser, async_playwright, expect

from tests.browser.chromium import launched

SIZES: Final[Mapping[str, tuple[int, int]]] = {"360": (360, 800), "1440": (1440, 900), "3840": (3840, 2160)}
Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)
PATIENCE_S: Final = 30
DRAWN: Final = "performance.getEntriesByName('drawn').length > 0"
"""The mark that every page makes when its charts are there."""


async def shoot(
    browser: Browser,
    address: str,
    file: Path,
    *,
    size: tuple[int, int] = SIZES["1440"],
    theme: Theme = "light",
    whole: bool = False,
) -> None:
    """A page as PNG once it is filled and its charts are drawn; `whole`: also what one would scroll to."""
    width, height = size
    page = await browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
    try:
        await page.goto(address)
        await expect(page.locator(".status")).to_contain_text("As of")
        async with asyncio.timeout(PATIENCE_S):
            while not await page.evaluate(DRAWN):  # its own policy forbids to be waited for by text
                await asyncio.sleep(0.1)
        await page.screenshot(path=file, full_page=whole)
    finally:
        await page.close()


async def shoot_all(address: str, directory: Path, paths: Sequence[str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        for number, path in enumerate(paths):
            for name, size in SIZES.items():
                for theme in THEMES:
                    file = directory / f"{number}-{name}-{theme}.png"
                    await shoot(browser, f"{address}{path}", file, size=size, theme=theme)
        await browser.close()


if __name__ == "__main__":
    base, target, *pages = sys.argv[1:]
    asyncio.run(shoot_all(base.rstrip("/"), Path(target), pages or ["/"]))
