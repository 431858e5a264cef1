"""The pages' own files."""

import pytest

from streams.serve.board import Shown
from streams.serve.http.files import file_of
from tests.serve.builders import StillBoard, web
from tests.serve.http.clients import get


async def test_pages_may_load_what_the_board_serves_and_nothing_else() -> None:
    async with web(StillBoard(Shown())) as client:
        for path in ("/", "/kpi/lead_volume"):
            page = await client.get(path)
            assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
            policy = page.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert page.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_file_that_a_browser_has_is_not_sent_again() -> None:
    async with web(StillBoard(Shown())) as client:
        style = await client.get("/static/board.css")
        assert (style.status, style.content_type) == (200, "text/css")
        asked = {"If-None-Match": style.headers["ETag"]}
        again = await client.get("/static/board.css", headers=asked)
        assert (again.status, await again.read()) == (304, b"")
        other = await client.get("/static/index.html", headers=asked)
        assert other.status == 200


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/none.js", "/static/"]
)
async def test_there_are_no_files_but_the_pages_own(path: str) -> None:
    assert (await get(f"/static/{path}"))[0] == 404


def test_scripts_are_told_to_be_scripts_whatever_the_machine_thinks() -> None:
    assert file_of("js/board.js", b"").content_type == "text/javascript; charset=utf-8"
