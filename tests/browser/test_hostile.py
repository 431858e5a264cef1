"""Names that come from events are text, whatever they look like."""

from playwright.async_api import Page, expect

from tests.browser.boards import live_board
from tests.browser.pages import opened, tile
from tests.builders import lead_created

HOSTILE = [
    "<script>globalThis.owned = true</script>",
    "<img src=x onerror='globalThis.owned = true'>",
    "\"'`><b onmouseover=owned=1>",
    "${globalThis.owned = true}",
    "javascript:globalThis.owned=true",
    "\u202egnitseretni\u202c \u05e9\u05dc\u05d5\u05dd",
    "w" * 200,
    "a&amp;b?c=d&member=web#e%00",
]


async def test_a_member_is_shown_as_it_is_called_and_nothing_of_it_runs(page: Page, redis_url: str) -> None:
    events = [lead_created(f"lead-{at}", team=name) for at, name in enumerate(HOSTILE)]
    async with live_board(redis_url, *events) as board:
        await opened(page, board)
        await page.get_by_label("Slice by").select_option("team")
        for name in HOSTILE:
            await page.get_by_label("Member").select_option(name)
            await expect(tile(page, "lead_volume").locator(".tile-value")).to_have_text("1")
            await page.reload()
            await expect(page.get_by_label("Member")).to_have_value(name)
            assert name in await page.get_by_label("Member").locator("option").all_text_contents()
            width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert width <= 0, "a long name makes the page wider than the screen"
        assert await page.evaluate("globalThis.owned") is None


async def test_what_the_address_says_is_text_too(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        query = (
            "?dimension=team&member=%3Cscript%3EglobalThis.owned%3D1%3C/script%3E&theme=%22%3E%3Cscript%3E"
        )
        await opened(page, board, query)
        await expect(page.get_by_label("Member")).to_have_value("<script>globalThis.owned=1</script>")
        assert await page.evaluate("globalThis.owned") is None
        assert await page.locator("script:not([src])").count() == 0
