from pathlib import Path

import pytest
from redis import Redis

from tests.servers import RedisServer, redis_binary, unavailable


def test_redis_comes_back_on_its_port_with_its_data_after_kill_9(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    own = RedisServer(redis_server.binary, tmp_path, aof=True)
    with own as server, Redis.from_url(server.url) as client:
        client.config_set("appendfsync", "always")
        client.set("key", "value")
        server.kill9()
        server.restart()
        assert client.get("key") == b"value"


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_finds_redis_empty(redis_url: str, turn: str) -> None:
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set(turn, "value")


def test_a_missing_server_skips_the_test_but_fails_it_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception, match="no java"):
        unavailable("no java")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no java"):
        unavailable("no java")


def test_a_server_that_is_not_installed_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception, match="redis-server"):
        redis_binary("installed")
