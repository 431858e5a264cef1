"""js/format.js writes numbers as streams/human.py does."""

import random
from itertools import product
from typing import get_args

from playwright.async_api import Page

from schemas.words import Unit
from streams.human import format_seconds, format_value, in_words
from tests.browser.boards import live_board

SCALES = (1e-6, 1e-3, 0.01, 1, 100, 3_600, 86_400, 1e6, 1e9, 1e12, 1e15)
HALVES = (0.5, 1.5, 2.5, 0.125, 0.375, 0.25, 0.75, 0.0625, 12.125, 1_000_000.5, 2_500_000.125)
EDGES = (
    0,
    1,
    9,
    9.95,
    9.949,
    59.5,
    60,
    3_599.5,
    86_399.5,
    0.9996,
    999_999.995,
    1e6,
    999_999_999_999.99,
    1.005,
)

ASK = """
async (values) => {
  const { formatValue, formatSeconds, inWords } = await import("/static/js/format.js");
  return values.map(([value, unit, currency]) => [
    formatValue(value, unit, currency),
    value === null ? null : inWords(value, unit, currency),
    value === null ? null : formatSeconds(value),
  ]);
}
"""


def values() -> list[float]:
    """Of every size, on both sides of 0, and what lies exactly between two of so many decimals."""
    dice = random.Random(1)
    found = [dice.uniform(0, scale) for scale in SCALES for _ in range(60)]
    found += [float(dice.randrange(10**9)) for _ in range(60)]
    found += [dice.randrange(10_000) / 8 for _ in range(60)]
    found += [*HALVES, *(float(edge) for edge in EDGES)]
    return [*found, *(-value for value in found)]


async def test_numbers_read_the_same_in_the_browser_as_in_the_terminal(page: Page, redis_url: str) -> None:
    asked = list(product([*values(), None], get_args(Unit), ["USD", None]))
    async with live_board(redis_url) as board:
        await page.goto(board.address)
        told = await page.evaluate(ASK, [list(one) for one in asked])
    for (value, unit, currency), found in zip(asked, told, strict=True):
        expected = [format_value(value, unit, currency), None, None]
        if value is not None:
            expected[1:] = [in_words(value, unit, currency), format_seconds(value)]
        assert found == expected, (value, unit)


async def test_a_line_does_not_break_between_a_number_and_its_unit(page: Page, redis_url: str) -> None:
    said = "Leads rose 5 % in 2 h 14 min while 3 hands made USD 1.20 M."
    async with live_board(redis_url) as board:
        await page.goto(board.address)
        ask = "async (text) => (await import('/static/js/format.js')).unbroken(text)"
        found = await page.evaluate(ask, said)
    assert found.replace("\u00a0", "_") == "Leads rose 5_% in 2_h 14_min while 3 hands made USD 1.20_M."
