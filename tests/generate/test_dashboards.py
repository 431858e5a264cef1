"""Grafana's dashboards: what they ask for is there, and nothing is hidden by how they look."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from streams.commands.generate import Files
from streams.generate.dashboards import texts
from tests.builders import shipped

ROOT = Path(__file__).parents[2]
WIDTH = 24

Panel = dict[str, Any]
BOARDS: dict[str, dict[str, Any]] = {
    Path(path).stem: json.loads(text) for path, text in texts(shipped()).items() if path.endswith(".json")
}


def panels(board: dict[str, Any]) -> list[Panel]:
    """All of them, also those in closed rows, without the rows."""
    found = [inner for one in board["panels"] for inner in (one, *one.get("panels", ()))]
    return [one for one in found if one["type"] != "row"]


def test_the_committed_files_are_those_of_the_shipped_catalog() -> None:
    assert Files("dashboards", shipped(), ROOT).differences() == []


def test_every_board_has_a_uid_of_its_own_that_grafana_takes() -> None:
    uids = [board["uid"] for board in BOARDS.values()]
    assert len(set(uids)) == len(uids)
    assert all(len(uid) <= 40 for uid in uids)


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_numbers_of_their_own(name: str) -> None:
    numbers = [one["id"] for one in BOARDS[name]["panels"]] + [one["id"] for one in panels(BOARDS[name])]
    rows = [one["id"] for one in BOARDS[name]["panels"] if one["type"] == "row"]
    assert len(set(numbers)) == len(rows) + len(panels(BOARDS[name]))


@pytest.mark.parametrize("name", BOARDS)
def test_panels_cover_the_grid_without_holes_and_none_lies_on_another(name: str) -> None:
    board = BOARDS[name]
    places = [one["gridPos"] for one in board["panels"]]
    cells = [
        (x, y)
        for place in places
        for x, y in product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        )
    ]
    height = max(place["y"] + place["h"] for place in places)
    assert sorted(cells) == sorted(product(range(WIDTH), range(height)))


def test_every_kpi_is_on_the_board_of_its_group() -> None:
    for name, kpi in shipped().catalog.kpis.items():
        titles = [one["title"] for one in panels(BOARDS[kpi.group])]
        assert any(title.startswith(kpi.title) for title in titles), name


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_says_what_it_shows(name: str) -> None:
    assert all(one["title"] and one["description"] for one in panels(BOARDS[name]) if one["type"] != "text")
