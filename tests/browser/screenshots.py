"""The pictures in docs/images, made anew: the same company at the same moment, as the board shows it.

python -m tests.browser.screenshots [directory]
"""

import asyncio
import base64
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

from streams.embedded.broker import EmbeddedBroker
from streams.embedded.crisis import WELL, Crisis
from streams.embedded.traffic import Traffic, encode, simulate
from streams.embedded.world import DAY_MS, HOUR_MS
from tests.browser.chromium import launched
from tests.browser.shots import Theme, shoot
from tests.builders import ms
from tests.monitoring.site import System, settings_on, system, until
from tests.servers import ROOT, RedisServer, redis_binary

IMAGES: Final = ROOT / "docs" / "images"
BEGINS_MS: Final = ms("2025-08-19 09:00")
"""Of a crisis, on a Tuesday. A day later the response times are bad, and customers have left."""
NOW_MS: Final = BEGINS_MS + 30 * HOUR_MS
DAYS: Final = 95
COMPANY: Final = Traffic(seed=1, events_per_day=1_800, care=WELL, crisis=Crisis(BEGINS_MS))
QUALITY: Final = 0.85

TO_WEBP: Final = """async ([png, quality]) => {
    const picture = await createImageBitmap(await (await fetch(png)).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext('2d').drawImage(picture, 0, 0);
    const webp = await canvas.convertToBlob({type: 'image/webp', quality});
    const bytes = new Uint8Array(await webp.arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}"""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: of which page, at which size."""

    name: str
    path: str
    size: tuple[int, int]
    theme: Theme = "light"


SHOTS: Final = (
    Shot("overview", "/?window=7d", (1440, 1000)),
    Shot("overview-wall", "/?window=7d", (1920, 1080), "dark"),
    Shot("kpi", "/kpi/lead_response?window=30d", (1440, 1150)),
    Shot("overview-phone", "/?window=7d", (390, 844)),
)


async def make(directory: Path) -> None:
    """All pictures, into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        with (
            RedisServer(redis_binary("wheel"), place / "redis") as redis,
            EmbeddedBroker() as broker,
            system(place, settings_on(broker, redis), "worker", "board") as running,
        ):
            await _tell(running)
            async with async_playwright() as playwright:
                browser = await launched(playwright)
                for shot in SHOTS:
                    await _take(browser, running.address, shot, place, directory)
                await browser.close()


async def _tell(running: System) -> None:
    """Let happen what is to be seen, and return when the board shows it."""
    events = [*simulate(COMPANY, NOW_MS - DAYS * DAY_MS, NOW_MS)]
    async with running.publisher() as publisher:
        await running.counted(publisher, ((time_ms, encode(event)) for time_ms, event in events))
    until(lambda: running.shown_ms() == events[-1][0])


async def _take(browser: Browser, address: str, shot: Shot, place: Path, directory: Path) -> None:
    png = place / f"{shot.name}.png"
    await shoot(browser, f"{address}{shot.path}", png, size=shot.size, theme=shot.theme)
    (directory / f"{shot.name}.webp").write_bytes(await _webp(browser, png))


async def _webp(browser: Browser, png: Path) -> bytes:
    """A picture as WebP, which takes a third of the place; the browser knows how to write it."""
    page = await browser.new_page()
    address = f"data:image/png;base64,{base64.b64encode(png.read_bytes()).decode()}"
    found: str = await page.evaluate(TO_WEBP, [address, QUALITY])
    await page.close()
    return base64.b64decode(found)


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES))
