"""What machines ask of the board: gauges and health."""

from streams.serve.board import Shown
from tests.serve.builders import StillBoard, sample, showing, web
from tests.serve.http.clients import HOSTILE, LEADS, get_json


async def test_gauges_are_served_as_prometheus_reads_them() -> None:
    async with web(StillBoard(showing(*LEADS))) as client:
        response = await client.get("/metrics")
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = await response.text()
    assert sample(text, "crm_leads", window="24h", dimension="all") == 2
    assert sample(text, "crm_leads", window="24h", dimension="team", member=HOSTILE) == 1


async def test_a_board_in_trouble_is_alive_but_not_ready_and_says_why() -> None:
    board = StillBoard(Shown(), ["partition 1: no worker owns it"])
    assert await get_json("/healthz", board) == {"alive": True}
    assert await get_json("/readyz", board, status=503) == {
        "ready": False,
        "reasons": ["partition 1: no worker owns it"],
    }
    assert await get_json("/readyz") == {"ready": True, "reasons": []}


async def test_there_is_nothing_to_write_to_and_nothing_else_to_read() -> None:
    async with web(StillBoard(Shown())) as client:
        assert (await client.post("/api/v1/readings")).status == 405
        missing = await client.get("/etc/passwd")
        assert missing.status == 404
        assert "default-src 'none'" in missing.headers["Content-Security-Policy"]
