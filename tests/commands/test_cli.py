"""`kpi ...` as people and scripts meet it. About 40 s: eight replays and three demos, with their servers."""

import gzip
import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from streams.clock import clock_ms
from streams.embedded.processes import free_port
from tests.asking import post
from tests.builders import CATALOG, Event, lead_contacted, lead_created
from tests.commands.runs import Running, Say, kpi, processes_in
from tests.servers import RedisServer, answers_http, redis_binary

pytestmark = pytest.mark.timeout(120)


def lines(*events: Event | str) -> bytes:
    return "".join(f"{json.dumps(one) if isinstance(one, dict) else one}\n" for one in events).encode()


# -- kpi check --------------------------------------------------------------------------------------------


def test_the_shipped_catalog_is_fine(said: Say) -> None:
    done = said("check")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("catalog.yaml: ")
    assert done.out.endswith(": fine\n")


def test_a_catalog_is_told_how_large_it_may_become_and_which_guardrails_are_never_compared(
    said: Say, directory: Path
) -> None:
    guarded = "    formula: leads\n    guardrails: [{kpi: backlog, why: Because.}, "
    text = CATALOG.read_text().replace("    formula: leads\n    guardrails: [", guarded)
    (directory / "my.yaml").write_text(text)
    done = said("check", "my.yaml")
    assert (done.status, done.err) == (0, "")
    size, *notes, fine = done.out.splitlines()
    assert size.startswith("my.yaml: at most ") and " in all panes of a partition; " in size
    assert size.endswith(" in the 4 of KPI_TOPIC_PARTITIONS")
    assert any(
        "my.yaml: note: lead_volume and its guardrail backlog share no window" in note for note in notes
    )
    assert fine.endswith(": fine")


# -- kpi intake -------------------------------------------------------------------------------------------


def test_the_check_of_webhooks_says_which_addresses_are_open_and_what_opens_the_others(
    said: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPI_INTAKE_STRIPE_SECRETS", "whsec_of_a_test")
    monkeypatch.setenv("KPI_INTAKE_HUBSPOT_SECRETS", "whsec_of_an_app")
    done = said("intake", "--check")
    assert (done.status, done.err) == (0, "")
    assert "POST /stripe: open\n" in done.out
    assert "POST /zendesk: closed (404): KPI_INTAKE_ZENDESK_SECRETS is not set\n" in done.out
    assert done.out.startswith("KPI_INTAKE_URL is not set: HubSpot signs the address that it calls")
    assert done.out.endswith("intake.yaml: fine\n")
    assert "whsec" not in done.out


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_webhooks_with_a_wrong_mapping_do_not_start_and_say_where_it_is_wrong(
    said: Say, directory: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    (directory / "mine.yaml").write_text("version: 1\nstripe:\n  test_mod: true\n")
    monkeypatch.setenv("KPI_INTAKE_MAPPING", "mine.yaml")
    done = said("intake", *options)
    assert done.status == 1
    assert done.err == (
        "kpi: mine.yaml: line 3: stripe.test_mod: unknown field 'test_mod'; did you mean 'test_mode'?\n"
    )


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_webhooks_whose_mapping_wants_what_the_catalog_does_not_have_do_not_start(
    said: Say, directory: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    (directory / "mine.yaml").write_text("version: 1\nzendesk:\n  dimensions: {regoin: brand_id}\n")
    monkeypatch.setenv("KPI_INTAKE_MAPPING", "mine.yaml")
    wanted = (
        "line 3: zendesk.dimensions.regoin: the catalog has no dimension 'regoin'; did you mean 'region'?"
    )
    if options:  # closed, so that it is told only
        assert f"mine.yaml: note: {wanted}\n" in said("intake", *options).out
    monkeypatch.setenv("KPI_INTAKE_ZENDESK_SECRETS", "a-secret-of-some-length")
    done = said("intake", *options)
    assert (done.status, done.err) == (1, f"kpi: mine.yaml: {wanted}\n")


def test_webhooks_without_a_broker_say_which_setting_is_missing(said: Say) -> None:
    done = said("intake")
    assert (done.status, done.err.partition(";")[0]) == (1, "kpi: KPI_BROKER is not set")


# -- Catalogs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "worker", "board", "intake", "run", "demo"])
def test_a_catalog_whose_gauges_may_have_too_many_series_is_refused_before_anything_starts(
    said: Say, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("KPI_SERIES_LIMIT", "1000")
    done = said(command)
    assert done.status == 1
    assert "KPI_SERIES_LIMIT is 1,000. Most have: " in done.err


def test_a_fault_in_a_catalog_is_told_with_path_line_and_remedy(said: Say, directory: Path) -> None:
    text = CATALOG.read_text()
    broken = text.replace("formula: leads_converted / leads}", "formula: leads_convertd / leads}", 1)
    number = 1 + broken[: broken.index("leads_convertd")].count("\n")
    (directory / "my.yaml").write_text(broken)
    done = said("check", "my.yaml")
    assert (done.status, done.out) == (1, "")
    assert f"my.yaml: line {number}" in done.err
    assert "kpis.lead_conversion.series.0.formula" in done.err
    assert "'leads_convertd'" in done.err
    assert "did you mean 'leads_converted'" in done.err


def test_all_faults_are_told_at_once(said: Say, directory: Path) -> None:
    broken = (
        CATALOG.read_text().replace("formula: leads\n", "formula: leds\n").replace(": UTC", ": Mars/Base")
    )
    (directory / "my.yaml").write_text(broken)
    err = said("check", "my.yaml").err
    assert "'leds'" in err and "'Mars/Base'" in err


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"", b"[]", b"a: [", b"a: &a [*a]"])
def test_what_is_no_catalog_is_refused_in_plain_words(
    said: Say, directory: Path, content: bytes | None
) -> None:
    if content is not None:
        (directory / "my.yaml").write_bytes(content)
    done = said("check", "my.yaml")
    assert done.status == 1
    assert "my.yaml" in done.err
    assert "Traceback" not in done.err


# -- kpi settings -----------------------------------------------------------------------------------------


def test_settings_come_from_a_file_and_variables_go_first(
    said: Say, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / ".env").write_text("KPI_NAMESPACE=from-file\nKPI_TOPIC=from-file\nOTHER=1\nKPI_UNKNOWN=1\n")
    monkeypatch.setenv("KPI_TOPIC", "from-variable")
    done = said("settings")
    assert done.status == 0
    assert "KPI_NAMESPACE=from-file\n" in done.out
    assert "KPI_TOPIC=from-variable\n" in done.out


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("KPI_REDIS", "redis://user:s3cret@host:6379/0", "redis://user:**********@host:6379/0"),
        ("KPI_REDIS", "redis://:s3cret@[::1]:6379", "redis://:**********@[::1]:6379"),
        ("KPI_REDIS", "rediss://host/0?password=s3cret&db=2", "rediss://host/0?password=**********&db=2"),
        ("KPI_REDIS", "redis://host:6379/0", "redis://host:6379/0"),
        ("KPI_KAFKA_PASSWORD", "s3cret", "**********"),
        ("KPI_BOARD_TOKEN", "s3cret-and-long", "**********"),
        ("KPI_CATALOG", "[bold]/my.yaml", "[bold]/my.yaml"),
    ],
)
def test_settings_are_shown_as_they_are_but_for_secrets(
    said: Say, monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str
) -> None:
    monkeypatch.setenv(name, value)
    out = said("settings").out
    assert f"{name}={shown}\n" in out
    assert "s3cret" not in out


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("KPI_WORKER_PORT", "many", "integer"),
        ("KPI_BOARD_PORT", "70000", "65535"),
        ("KPI_BROKER", "localhost:9092", "kafka://host:port"),
        ("KPI_BOARD_TOKEN", "s3cret", "12 characters"),
        ("KPI_BOARD_TOKEN", "s3cret and long", "no spaces"),
        ("KPI_BOARD_HOSTS", "kpis.example:8600", "without a port"),
        ("KPI_REDIS", "http://user:s3cret@host", "redis://host:port/db"),
        ("KPI_REDIS", "redis://user:s3cret@[::1", "redis://host:port/db"),
        ("KPI_REDIS", "redis://user:s3/cret@host", "redis://host:port/db"),
        ("KPI_NAMESPACE", "a b", "pattern"),
        ("KPI_ENDS_AT", "noon", "'wall' or 'events'"),
        ("KPI_LOG_LEVEL", "loud", "'INFO'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(
    said: Say, monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(name, value)
    done = said("settings")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"kpi: {name}: ")
    assert remedy in done.err
    assert "s3cret" not in done.err and "s3" not in done.err


@pytest.mark.parametrize(
    ("command", "given", "missing"),
    [
        ("worker", {"KPI_REDIS": "redis://localhost"}, "KPI_BROKER"),
        ("worker", {"KPI_BROKER": "kafka://localhost:1"}, "KPI_REDIS"),
        ("board", {}, "KPI_REDIS"),
        ("run", {"KPI_REDIS": "redis://localhost"}, "KPI_BROKER"),
        ("run", {"KPI_BROKER": "kafka://localhost:1"}, "KPI_REDIS"),
        ("worker", {"KPI_KAFKA_SECURITY": "SSL", "KPI_KAFKA_CA": "/none.pem"}, "KPI_KAFKA_CA: /none.pem"),
    ],
)
def test_what_is_not_set_is_said_at_once(
    said: Say, monkeypatch: pytest.MonkeyPatch, command: str, given: dict[str, str], missing: str
) -> None:
    if "KPI_KAFKA_CA" in given:
        given = {**given, "KPI_REDIS": "redis://localhost", "KPI_BROKER": "kafka://localhost:1"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    done = said(command)
    assert done.status == 1
    assert f"kpi: {missing}" in done.err


# -- kpi traffic ------------------------------------------------------------------------------------------

TRAFFIC = ("traffic", "--events", "500", "--days", "30", "--until", "2026-01-31T12:00:00Z", "--mess")


def test_traffic_is_the_same_for_the_same_seed_and_another_for_another(said: Say) -> None:
    first, again, other = (said(*TRAFFIC, "--seed", seed).out for seed in ("3", "3", "4"))
    assert first == again
    assert first != other
    assert len(first.splitlines()) >= 500


@pytest.mark.parametrize("until", ["noon", "2026-01-31", "2026-01-31T12:00:00", "0001-01-01T00:00:00Z"])
def test_traffic_until_no_time_is_refused(said: Say, until: str) -> None:
    done = said("traffic", "--until", until)
    assert done.status == 1
    assert f"kpi: {until}: " in done.err


# -- kpi replay: what is refused before anything is started -----------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("missing.ndjson",), "missing.ndjson: No such file or directory"),
        (("fine.ndjson", "missing.ndjson.gz"), "missing.ndjson.gz: No such file or directory"),
        (("folder",), "folder: Is a directory"),
        (("folder.gz",), "folder.gz: Is a directory"),
        (("no-gzip.gz",), "no-gzip.gz: Not a gzipped file"),
        (("cut-early.gz",), "cut-early.gz: Compressed file ended"),
        (("fine.ndjson", "--as-of", "noon"), "noon: write a time as RFC 3339 with a zone"),
        (("fine.ndjson", "--as-of", "2026-01-31T12:00:00"), "2026-01-31T12:00:00: write a time"),
        (("fine.ndjson", "--as-of", "0001-01-02T00:00:00Z"), "0001-01-02T00:00:00Z: the year"),
        (("fine.ndjson", "--as-of", "9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z: the year"),
        (("fine.ndjson", "--kpi", "selling"), "--kpi selling: not in the catalog"),
        (("fine.ndjson", "--window", "2y"), "--window 2y: not in the catalog"),
        (("fine.ndjson", "--dimension", "shoe"), "--dimension shoe: not in the catalog"),
        (("fine.ndjson", "--catalog", "none.yaml"), "none.yaml: No such file"),
    ],
)
def test_a_replay_that_cannot_be_says_why_and_starts_nothing(
    said: Say, directory: Path, arguments: tuple[str, ...], why: str
) -> None:
    (directory / "fine.ndjson").write_bytes(lines(lead_created("lead-1")))
    (directory / "no-gzip.gz").write_bytes(b"hello")
    (directory / "cut-early.gz").write_bytes(gzip.compress(b"hello")[:6])
    (directory / "folder").mkdir()
    (directory / "folder.gz").mkdir()
    before = sorted(directory.iterdir())
    done = said("replay", *arguments)
    assert (done.status, done.out) == (1, "")
    assert f"kpi: {why}" in done.err
    assert sorted(directory.iterdir()) == before


# -- kpi replay -------------------------------------------------------------------------------------------

GOOD = [lead_created(f"lead-{number}", at=f"10:{number:02}", channel="web") for number in range(10)]
ANSWERED = lead_contacted("lead-0", at="10:30")
EARLIER = [lead_created("lead-early", at="2024-04-14 09:00", channel="phone")]


def left_behind(directory: Path, before: list[Path]) -> list[Any]:
    new = [path for path in directory.iterdir() if path not in before]
    return [*new, *processes_in(directory)]


def test_a_replay_of_several_files_prints_one_json_object(directory: Path) -> None:
    """Compressed, plain, and standard input, with bad lines, empty lines and a line that no Kafka takes."""
    huge = {**GOOD[2], "note": "x" * 1_200_000}
    (directory / "one.ndjson.gz").write_bytes(gzip.compress(lines(*GOOD, "nonsense")))
    (directory / "two.ndjson").write_bytes(b"\n\r\n" + lines(ANSWERED, huge, "[]", *GOOD[:3])[:-1])
    before = list(directory.iterdir())
    given = lines(*EARLIER, '{"type": "crm.lead.teleported"}')
    done = kpi(directory, "replay", "one.ndjson.gz", "two.ndjson", "-", "--json", given=given)
    assert done.status == 0, done.err
    result = json.loads(done.out)
    assert list(result) == ["as_of", "events", "readings"]
    assert result["as_of"] == "2024-04-15T10:30:00.000Z"
    counts = {"published": 19, "skipped": 0, "applied": 12, "unchanged": 3, "dead_letters": 4}
    assert result["events"] == counts
    volume = [one for one in result["readings"] if (one["kpi"], one["window"]) == ("lead_volume", "7d")]
    found = {(one["dimension"], one["member"]): one["value"] for one in volume}
    assert found["all", "all"] == 11
    assert (found["channel", "web"], found["channel", "phone"]) == (10, 1)
    assert [line.split(": ")[:2] for line in done.err.splitlines()] == [
        ["-:2", "unknown_type"],
        ["one.ndjson.gz:11", "not_json"],
        ["two.ndjson:4", "too_large"],
        ["two.ndjson:5", "not_object"],
    ]
    assert left_behind(directory, before) == []


def test_a_replay_as_of_the_past_skips_and_counts_later_lines(directory: Path) -> None:
    (directory / "events.ndjson").write_bytes(lines(*GOOD, *EARLIER))
    before = list(directory.iterdir())
    as_of = ("--as-of", "2024-04-15T10:04:30+00:00", "--kpi", "lead_volume", "--kpi", "leads_waiting")
    done = kpi(directory, "replay", "events.ndjson", *as_of, "--window", "24h", "--dimension", "channel")
    assert (done.status, done.err) == (0, "")
    assert "2024-04-15T10:04:30.000Z" in done.out
    assert "6 published: 6 applied, " in done.out and "; 5 later lines skipped" in done.out
    assert "channel=web" in done.out and "7d" not in done.out and "Revenue" not in done.out
    assert "\x1b" not in done.out
    assert left_behind(directory, before) == []


def test_a_replay_of_nothing_says_so(directory: Path) -> None:
    done = kpi(directory, "replay", "-", "--json")
    assert (done.status, done.err) == (0, "")
    result = json.loads(done.out)
    assert (result["as_of"], result["readings"], result["events"]["published"]) == (None, [], 0)


def test_a_replay_of_a_file_that_breaks_off_says_so_and_leaves_nothing_behind(directory: Path) -> None:
    whole = gzip.compress(lines(*(lead_created(f"lead-{number}") for number in range(5_000))))
    (directory / "cut.gz").write_bytes(whole[: len(whole) // 2])
    before = list(directory.iterdir())
    done = kpi(directory, "replay", "cut.gz")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("kpi: cut.gz: Compressed file ended before")
    assert left_behind(directory, before) == []


def test_a_replay_of_mostly_bad_lines_ends_with_status_3_and_their_reasons(directory: Path) -> None:
    given = lines(*(["nonsense", '{"specversion": "1.0", "type": "crm.lead.teleported"}'] * 3_000))
    done = kpi(directory, "replay", "-", "--json", given=given)
    assert (done.status, done.out) == (3, "")
    assert "of the last 1000 records" in done.err and "KPI_DEAD_LETTER_SHARE" in done.err
    assert re.search(r"not_json \d+", done.err) and re.search(r"unknown_type \d+", done.err)
    assert (processes_in(directory), list(directory.iterdir())) == ([], [])


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"broker": "kafka://127.0.0.1:1"}, "kpi: Kafka: "), ({"redis": "redis://127.0.0.1:1"}, "kpi: Redis: ")],
)
def test_a_replay_without_an_answer_from_its_servers_says_so(
    directory: Path, settings: dict[str, str], why: str
) -> None:
    (directory / "events.ndjson").write_bytes(lines(*GOOD))
    before = list(directory.iterdir())
    done = kpi(directory, "replay", "events.ndjson", given=b"", **settings)
    assert (done.status, done.out) == (1, "")
    assert why in done.err
    assert "Traceback" not in done.err
    assert left_behind(directory, before) == []


def test_a_replay_on_a_redis_that_would_evict_is_refused(directory: Path, tmp_path_factory: Any) -> None:
    (directory / "events.ndjson").write_bytes(lines(*GOOD))
    server = RedisServer(redis_binary("wheel"), tmp_path_factory.mktemp("redis"))
    with server, Redis.from_url(server.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        done = kpi(directory, "replay", "events.ndjson", redis=server.url)
        assert client.dbsize() == 0
    assert (done.status, done.out) == (1, "")
    assert "noeviction" in done.err


# -- kpi demo ---------------------------------------------------------------------------------------------

SMALL_DEMO = ("demo", "--days", "2", "--per-day", "100")


def test_a_demo_shows_gauges_that_move_and_takes_webhooks(directory: Path) -> None:
    port, webhooks, token = free_port(), free_port(), "choose-a-long-token"
    given = {"board_port": str(port), "intake_port": str(webhooks), "intake_tokens": token}
    demo = Running(directory, *SMALL_DEMO, "--rate", "50", **given)
    demo.wait_until(lambda: "Ctrl-C stops everything." in demo.said())
    assert f"http://127.0.0.1:{port}/metrics" in demo.said()
    for page in ("kpis/churn", "runbooks/CrmLeadResponse"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/docs/{page}") as reply:
            assert "<h1>" in reply.read().decode()

    def metrics() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as reply:
            return str(reply.read().decode())

    def newest() -> float:
        lines = metrics().splitlines()
        found = [line.split()[1] for line in lines if line.startswith("crm_kpi_last_event_timestamp")]
        return float(found[0]) if found else 0.0

    demo.wait_until(newest)
    first = newest()
    demo.wait_until(lambda: newest() > first)

    assert f"http://127.0.0.1:{webhooks}/" in demo.said()
    demo.wait_until(lambda: answers_http(webhooks, "/readyz"))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    event = json.dumps(lead_created("lead-1", clock_ms(), channel="by webhook")).encode()
    assert post(f"http://127.0.0.1:{webhooks}/events", event, headers).status == 202
    demo.wait_until(lambda: 'member="by webhook"' in metrics())
    demo.interrupt()
    assert demo.ended() in (0, 130), demo.said()
    assert left_behind(directory, []) == []


def test_a_demo_ends_by_itself(directory: Path) -> None:
    demo = Running(directory, *SMALL_DEMO, "--seconds", "3")
    assert demo.ended() == 0, demo.said()
    assert left_behind(directory, []) == []


def test_ctrl_c_stops_a_demo_that_is_only_beginning(directory: Path) -> None:
    demo = Running(directory, *SMALL_DEMO)
    demo.wait_until((directory / ".kpi").exists)
    demo.interrupt()
    assert demo.ended() in (0, 130)
    assert "Traceback" not in demo.said()
    assert "Unclosed" not in demo.said()
    assert left_behind(directory, []) == []


def test_ctrl_c_stops_a_demo_whose_worker_is_still_joining_its_group(directory: Path) -> None:
    demo = Running(directory, *SMALL_DEMO)
    demo.wait_until(lambda: "Ctrl-C stops everything." in demo.said())
    demo.interrupt()
    assert demo.ended() in (0, 130)
    assert "Traceback" not in demo.said()
    assert left_behind(directory, []) == []
