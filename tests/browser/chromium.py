"""The Chromium that is installed; Playwright's own browsers are never downloaded."""

import shutil
from typing import Final

from playwright.async_api import Browser, Playwright

from tests.servers import unavailable

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


async def launched(playwright: Playwright) -> Browser:
    """To be closed by who asked for it; skips the test where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None) or unavailable("no chromium on the PATH")
    return await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
