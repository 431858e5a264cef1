"""A real Chromium, one for all tests, and a Redis for the boards that it looks at."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, async_playwright, expect
from pytest_asyncio import is_async_test

from tests.browser.boards import emptied
from tests.browser.chromium import launched
from tests.servers import RedisServer, redis_binary

PATIENCE_MS = 30_000
"""Far more than anything takes, but on a machine that is busy with other tests."""
NOT_LOADED = "Failed to load resource"
"""Said by the browser itself when the board is away, which some tests want it to be."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all, in which the one browser lives."""
    for item in items:
        if is_async_test(item) and "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def redis_of_boards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(redis_binary("wheel"), tmp_path_factory.mktemp("redis-browser")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def redis_url(redis_of_boards: RedisServer) -> str:
    await emptied(redis_of_boards.url)
    return redis_of_boards.url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        yield browser
        await browser.close()


@dataclass
class Complaints:
    """What a page complains of: errors of its scripts, and whatever its security policy forbids."""

    said: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("pageerror", self._error)
        page.on("console", self._console)

    def _error(self, error: Error) -> None:
        self.said.append(str(error))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and NOT_LOADED not in message.text:
            self.said.append(message.text)


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A fresh page at a desk's size. The test fails when the page complains of anything."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page, complaints = await context.new_page(), Complaints()
    complaints.listen(page)
    yield page
    await context.close()
    assert complaints.said == []
