"""The page of dead letters, of a board that reads them from an embedded broker."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from streams.embedded.broker import EmbeddedBroker
from tests.browser.accessibility import overflowing, violations
from tests.browser.boards import LiveBoard, live_board
from tests.browser.test_accessible import SIZES, THEMES
from tests.letters.builders import mark, troubled, written
from tests.serve.builders import NOW_MS

LETTERS = troubled(NOW_MS)
TOPIC = "crm.dead-letters"
ASK = "() => { document.dispatchEvent(new Event('visibilitychange')); }"
"""The page asks when it is looked at, and then every 10 s."""


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


@pytest_asyncio.fixture(loop_scope="session")
async def board(broker: EmbeddedBroker, redis_url: str) -> AsyncIterator[LiveBoard]:
    """A board with letters of several reasons, of which nine came back."""
    await written(broker.address, TOPIC, LETTERS, [(one, mark(one)) for one in LETTERS[:9]])
    async with live_board(redis_url, broker=f"kafka://{broker.address}") as board:
        yield board


async def opened(page: Page, board: LiveBoard, query: str = "") -> None:
    await page.goto(f"{board.address}/dead-letters{query}")
    await expect(page.locator(".letters-number")).to_contain_text("dead letters")


def reason(page: Page, name: str) -> Locator:
    return page.locator(f'.reason[data-reason="{name}"]')


async def test_it_shows_reasons_by_the_hour_and_their_types(page: Page, board: LiveBoard) -> None:
    await opened(page, board)
    await expect(page.locator(".letters-number")).to_have_text("66 dead letters, 9 of them published again")
    of_currency = reason(page, "unknown_currency")
    await expect(of_currency.locator(".reason-numbers b")).to_have_text("61")
    await expect(of_currency.locator(".hours rect")).to_have_count(10)
    await expect(of_currency.locator(".reason-types")).to_have_text("61 crm.deal.won")
    await page.get_by_role("link", name="7d").click()
    await expect(page.locator("#reasons .caption")).to_contain_text("168 hours")


async def test_no_text_of_a_record_is_on_the_page(page: Page, board: LiveBoard) -> None:
    await opened(page, board)
    await expect(page.locator(".letter").first).to_be_visible()
    for details in await page.locator(".letter details").all():
        await details.locator("summary").click()
    shown = await page.locator("body").inner_text()
    for text in ("anna@example.com", "craeted", "Service", "customer-4711"):
        assert text not in shown
    assert "text of 16 characters" in shown and "cus…" in shown


async def test_what_comes_is_shown_and_what_is_open_stays_open(
    page: Page, broker: EmbeddedBroker, board: LiveBoard
) -> None:
    await opened(page, board)
    await page.locator(".letter summary").last.click()
    more = [LETTERS[0].model_copy(update={"offset": 5_000 + at}) for at in range(3)]
    await written(broker.address, TOPIC, more)
    async with asyncio.timeout(30):
        while (await (await page.request.get(f"{board.address}/api/v1/dead-letters")).json())["number"] < 69:
            await asyncio.sleep(0.05)
    await page.evaluate(ASK)
    await expect(page.locator(".letters-number")).to_contain_text("69 dead letters")
    await expect(page.locator(".letter details[open]")).to_have_count(1)


async def test_without_a_broker_it_is_said_how_to_set_one(page: Page, redis_url: str) -> None:
    async with live_board(redis_url) as board:
        await page.goto(f"{board.address}/dead-letters")
        await expect(page.locator(".status-troubles")).to_contain_text("start it with KPI_BROKER set")


async def test_a_board_that_stops_is_told_and_the_overview_leads_here(page: Page, board: LiveBoard) -> None:
    await page.goto(board.address)
    await page.get_by_role("link", name="Dead letters: what was refused").click()
    await expect(page.locator(".letters-number")).to_contain_text("66 dead letters")
    await board.stop()
    await page.evaluate(ASK)
    await expect(page.locator(".status-troubles")).to_contain_text("the board does not answer")
    await expect(page.locator(".letters-number")).to_contain_text("66 dead letters")


async def test_axe_finds_nothing_wrong_at_any_size_in_either_theme(page: Page, board: LiveBoard) -> None:
    for theme in THEMES:
        await opened(page, board, f"?theme={theme}")
        await page.locator(".letter summary").first.click()
        for name, (width, height) in SIZES.items():
            await page.set_viewport_size({"width": width, "height": height})
            assert await violations(page) == [], (theme, name)
            assert await overflowing(page) == [], (theme, name)
