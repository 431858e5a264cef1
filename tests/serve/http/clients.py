"""Asking a board that stands still, with some leads that it knows of."""

import json
from typing import Any

from tests.builders import lead_contacted, lead_created
from tests.serve.builders import StillBoard, showing, web

HOSTILE = "<script>alert('x')</script>"
LEADS = [
    lead_created("lead-1", "10:00", channel="web", team=HOSTILE),
    lead_created("lead-2", "10:00", channel="mail", team="north"),
    lead_contacted("lead-1", "12:14"),
]


async def get(path: str, board: StillBoard | None = None) -> tuple[int, str]:
    """(status, text)"""
    async with web(board or StillBoard(showing(*LEADS))) as client:
        response = await client.get(path)
        return response.status, await response.text()


async def get_json(path: str, board: StillBoard | None = None, status: int = 200) -> Any:
    found, text = await get(path, board)
    assert found == status, text
    return json.loads(text)
