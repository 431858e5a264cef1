"""Where panels stand: sections of lines, each line as wide as the page, without holes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from grafana_foundation_sdk.models.dashboard import GridPos, Panel, RowPanel

WIDTH: Final = 24
"""Columns of Grafana's grid; a line of its height is 30 pixels, with 8 between."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A panel; `key` stays the same while what it shows does, so that links to it stay good."""

    key: str
    panel: Panel


@dataclass(frozen=True, slots=True)
class Line:
    """Panels beside each other, equally high; their widths add up to the page's."""

    height: int
    tiles: Sequence[tuple[int, Tile]]


@dataclass(frozen=True, slots=True)
class Section:
    """A row of Grafana, with what stands under it."""

    title: str
    lines: Sequence[Line]
    closed: bool = False


def line(height: int, *tiles: tuple[int, Tile | None]) -> Line:
    """Of those that there are; the first takes the place of those that there are not."""
    found = [(width, tile) for width, tile in tiles if tile is not None]
    rest = WIDTH - sum(width for width, _ in found)
    return Line(height, [(width + (rest if at == 0 else 0), tile) for at, (width, tile) in enumerate(found)])


def evenly(height: int, most: int, tiles: Sequence[Tile]) -> list[Line]:
    """As few lines as hold them with at most so many in each, all about equally full."""
    number = -(-len(tiles) // most)
    return [Line(height, list(_spread(part))) for part in _parts(tiles, number)]


def _parts(tiles: Sequence[Tile], number: int) -> Iterator[Sequence[Tile]]:
    for at in range(number):
        yield tiles[len(tiles) * at // number : len(tiles) * (at + 1) // number]


def _spread(tiles: Sequence[Tile]) -> Iterator[tuple[int, Tile]]:
    """Columns for each; they differ by at most one."""
    for at, tile in enumerate(tiles):
        yield WIDTH * (at + 1) // len(tiles) - WIDTH * at // len(tiles), tile


def placed(sections: Iterable[Section]) -> list[Panel | RowPanel]:
    """All panels with their places and numbers, in Grafana's form: an open row's panels stand beside it."""
    placing, found = _Placing(), list[Panel | RowPanel]()
    for section in sections:
        row = RowPanel(title=section.title, collapsed=section.closed, panels=[])
        row.id_val, row.grid_pos = placing.number(f"row/{section.title}"), placing.take(WIDTH, 1)
        placing.next_line(1)
        panels = placing.panels(section.lines)
        if section.closed:
            row.panels, panels = panels, []
        found += [row, *panels]
    return found


class _Placing:
    """The first free place, and the numbers that are taken."""

    def __init__(self) -> None:
        self._x = self._y = 0
        self._numbers: set[int] = set()

    def panels(self, lines: Iterable[Line]) -> list[Panel]:
        found = []
        for one in lines:
            for width, tile in one.tiles:
                tile.panel.grid_pos = self.take(width, one.height)
                tile.panel.id_val = self.number(tile.key)
                found.append(tile.panel)
            self.next_line(one.height)
        return found

    def take(self, width: int, height: int) -> GridPos:
        place = GridPos(h=height, w=width, x=self._x, y=self._y)
        self._x += width
        return place

    def next_line(self, height: int) -> None:
        self._x, self._y = 0, self._y + height

    def number(self, key: str) -> int:
        """From the key, so that a panel keeps its number when others come and go; never one twice."""
        number = crc32(key.encode()) >> 4
        while number in self._numbers:
            number += 1
        self._numbers.add(number)
        return number
