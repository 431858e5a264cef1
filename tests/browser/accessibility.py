"""axe-core, run in a page."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).with_name("axe") / "axe.min.js"
RUN = "() => axe.run(document, {resultTypes: ['violations']})"
OVERFLOWING = """
() => [...document.querySelectorAll("body *")]
  .filter((node) => node.checkVisibility())
  .filter((node) => !node.closest(".spoken, .skip, select, .windows, .table-frame > *"))
  .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
  .map((node) => node.outerHTML.slice(0, 80))
"""
"""What stands beyond the right edge; what scrolls by itself may."""


@lru_cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


async def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with a page, one sentence for each element."""
    await page.evaluate(_source())  # by the debugger, which the page's own policy does not hold back
    found: dict[str, Any] = await page.evaluate(RUN)
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


async def overflowing(page: Page) -> list[str]:
    """The beginnings of the elements that make a page wider than its window."""
    found: list[str] = await page.evaluate(OVERFLOWING)
    return found
