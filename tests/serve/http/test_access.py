"""The token: who has it gets answers, who has not gets none, and nothing else differs."""

import base64
from collections.abc import Iterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from streams.serve.board import Shown
from streams.serve.http.access import CHALLENGES, OPEN, is_let_in
from streams.serve.http.app import make_app
from streams.serve.http.routes import ROUTES
from streams.state import connect
from tests.serve.builders import StillBoard, board_on, until

TOKEN = "correct-horse:battery"


def basic(password: str, user: str = "anybody") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def paths() -> Iterator[str]:
    for route in ROUTES:
        yield route.path.replace("{kpi}", "lead_volume").replace("{path:.+}", "board.css")


async def test_nothing_but_health_is_answered_without_the_token() -> None:
    async with TestClient(TestServer(make_app(StillBoard(Shown()), token=TOKEN))) as client:
        for path in (*paths(), "/nothing/here"):
            response = await client.get(path)
            if path in OPEN:
                assert response.status == 200
            else:
                assert (path, response.status) == (path, 401)
                assert tuple(response.headers.getall("WWW-Authenticate")) == CHALLENGES
                assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(TOKEN), basic(TOKEN, "")])
async def test_whoever_has_the_token_is_answered(given: str) -> None:
    async with TestClient(TestServer(make_app(StillBoard(Shown()), token=TOKEN))) as client:
        for path in ("/", "/metrics", "/api/v1/catalog", "/static/board.css"):
            assert (await client.get(path, headers={"Authorization": given})).status == 200


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Digest {TOKEN}",
        TOKEN,
        basic("wrong"),
        basic("", TOKEN),
        "Basic ????",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Bearer \udcff",
    ],
)
def test_whoever_has_it_not_is_not(given: str) -> None:
    assert not is_let_in(given, TOKEN)


async def test_without_a_token_set_everybody_is_answered() -> None:
    async with TestClient(TestServer(make_app(StillBoard(Shown())))) as client:
        assert (await client.get("/metrics")).status == 200


async def test_what_redis_says_is_told_to_those_only_who_have_the_token() -> None:
    async with connect("redis://127.0.0.1:1") as nobody, board_on(nobody) as board:
        async with TestClient(TestServer(make_app(board, token=TOKEN))) as client:
            await until(lambda: any("127.0.0.1:1" in trouble for trouble in board.troubles()))
            told = await (await client.get("/readyz", headers={"Authorization": basic(TOKEN)})).text()
            assert "127.0.0.1:1" in told
            open_to_all = await client.get("/readyz")
            assert open_to_all.status == 503
            assert await open_to_all.json() == {
                "ready": False,
                "reasons": ["partition 0 is stale", "not every partition was read yet"],
            }
        async with TestClient(TestServer(make_app(board))) as client:
            assert "127.0.0.1:1" in await (await client.get("/readyz")).text()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8600", 200),
        ("127.0.0.1:8600", 200),
        ("[::1]:8600", 200),
        ("Kpis.Example", 200),
        ("rebound.evil.example", 421),
        ("rebound.evil.example:8600", 421),
        ("localhost.evil.example", 421),
        ("localhost@evil.example", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
async def test_a_board_for_one_machine_is_asked_by_its_names_only(host: str, status: int) -> None:
    app = make_app(StillBoard(Shown()), names=["127.0.0.1", "kpis.example"])
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/api/v1/catalog", headers={"Host": host})
        assert response.status == status
        if status == 421:
            assert "KPI_BOARD_HOSTS" in (await response.json())["error"]
