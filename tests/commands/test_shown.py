"""`kpi replay --board`: what a file gives, on a board as of its newest event. (About 10 s: one replay.)"""

import json
import urllib.request
from pathlib import Path
from typing import Any

from streams.embedded.processes import free_port
from tests.builders import lead_contacted, lead_created
from tests.commands.runs import Running, kpi, processes_in


def test_a_replay_on_a_board_shows_the_past_until_it_is_stopped_and_leaves_nothing(directory: Path) -> None:
    events = [lead_created("lead-1", at="2019-03-01 10:00"), lead_contacted("lead-1", at="2019-03-01 10:30")]
    text = "".join(f"{json.dumps(event)}\n" for event in events)
    (directory / "events.ndjson").write_text(f"{text}nonsense\n")
    port = free_port()
    replay = Running(directory, "replay", "events.ndjson", "--board", board_port=str(port))
    replay.wait_until(lambda: "Ctrl-C stops everything." in replay.said())
    assert "events.ndjson:3: not_json" in replay.said()
    assert "3 published: 2 applied, 0 changed nothing, 1 dead letters" in replay.said()

    def shown() -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/readings") as reply:
            found: dict[str, Any] = json.load(reply)
        return found

    replay.wait_until(lambda: shown()["as_of"])
    document = shown()
    assert document["as_of"] == "2019-03-01T10:30:00.000Z"
    leads = [one for one in document["readings"] if (one["kpi"], one["window"]) == ("lead_volume", "24h")]
    assert leads[0]["value"] == 1
    replay.interrupt()
    assert replay.ended() == 0, replay.said()
    left = [path for path in directory.iterdir() if path.name != "events.ndjson"]
    assert [*left, *processes_in(directory)] == []


def test_a_board_takes_no_filters(directory: Path) -> None:
    (directory / "events.ndjson").touch()
    done = kpi(directory, "replay", "events.ndjson", "--board", "--window", "24h")
    assert done.status == 1 and "a board shows all of it" in done.err
