"""docker-compose.yml against the specification and against the code: no Docker runs where the tests run."""

import json
import re
import tomllib
from typing import Any

import jsonschema
import pytest
import typer
from redis import Redis

from streams.cli import app
from streams.commands.stack import STOP_S
from streams.engine.plan import read_plan
from streams.settings import Settings
from tests.compose.files import (
    COMPOSE,
    ROOT,
    compose,
    image,
    is_ours,
    mounts,
    published,
    seconds,
    services,
    size,
    variables,
    yaml_of,
)

SERVICES = services()
OURS = [name for name, service in SERVICES.items() if is_ours(service)]
OPEN = {"board": "BOARD_BIND", "grafana": "GRAFANA_BIND", "intake": "INTAKE_BIND"}
"""What may be opened to others, and the variable that does it."""
DEFAULTS = Settings()


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]


# -- By the specification ---------------------------------------------------------------------------------


@pytest.mark.parametrize("as_written", [True, False])
def test_the_file_is_what_the_specification_allows(as_written: bool) -> None:
    schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(yaml_of(COMPOSE) if as_written else compose())


def test_what_is_named_is_declared_and_what_is_declared_is_used() -> None:
    used = {mount.source for service in SERVICES.values() for mount in mounts(service)}
    assert {source for source in used if not source.startswith("./")} == set(compose()["volumes"])


def test_every_file_that_is_mounted_is_there(service: dict[str, Any]) -> None:
    for mount in mounts(service):
        if mount.source.startswith("./"):
            assert (ROOT / mount.source).exists(), mount
            assert not mount.writable, f"{mount}: a container writes into volumes only"


def test_start_order_waits_for_services_that_tell_their_health(service: dict[str, Any]) -> None:
    for name, dependency in service.get("depends_on", {}).items():
        assert dependency == {"condition": "service_healthy"}
        assert "test" in SERVICES[name]["healthcheck"]
        assert "profiles" not in SERVICES[name], f"{name} is not always started"


# -- What an operator wants of every service --------------------------------------------------------------


def test_an_image_has_one_exact_version(service: dict[str, Any]) -> None:
    assert re.match(r"v?\d+\.\d+\.\d+", image(service)[1]), service["image"]


def test_our_image_is_built_here_and_has_our_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {image(SERVICES[name])[1] for name in OURS} == {version}
    assert {SERVICES[name]["build"] for name in OURS} == {"."}


def test_kafka_is_of_the_version_that_the_tests_run() -> None:
    tested = re.search(r"^version=(\d+\.\d+)", (ROOT / "scripts/kafka-jars").read_text(), re.MULTILINE)
    assert tested and image(SERVICES["kafka"])[1].startswith(f"{tested[1]}.")


def test_a_service_is_started_again_and_has_limits(service: dict[str, Any]) -> None:
    assert service["restart"] == "unless-stopped"
    assert 0 < service["cpus"] <= 2, "Docker refuses more than the machine has"
    assert 0 < size(service["mem_limit"]) <= size("2g")
    assert service["pids_limit"] > 0
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert seconds(service["stop_grace_period"]) >= STOP_S


def test_a_service_has_no_more_rights_than_it_needs(service: dict[str, Any]) -> None:
    assert str(service["user"]).partition(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "devices", "networks"}


def test_only_kafka_writes_beside_its_volumes() -> None:
    assert {name for name, service in SERVICES.items() if not service.get("read_only")} == {"kafka"}


def test_only_the_traffic_tells_no_health() -> None:
    assert {name for name, service in SERVICES.items() if "test" not in service["healthcheck"]} == {"traffic"}


def test_nobody_on_another_machine_reaches_anything_unless_it_is_opened() -> None:
    assert {port.host for service in SERVICES.values() for port in published(service)} == {"127.0.0.1"}
    opened = services(**dict.fromkeys(variables(), "0.0.0.0:1"))
    by_others = {name for name in SERVICES if any(port.host == "0.0.0.0" for port in published(opened[name]))}
    assert by_others == OPEN.keys()
    assert all(variable in variables() for variable in OPEN.values())


def test_workers_can_be_scaled() -> None:
    assert not SERVICES["worker"].keys() & {"container_name", "hostname", "ports"}


def test_only_the_traffic_is_left_out_without_the_profile() -> None:
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        "traffic": ["demo"]
    }


def test_the_documentation_tells_every_variable_and_its_default() -> None:
    table = re.search(r"<!-- tested: variables -->\n((?:\|.*\n)+)", (ROOT / "docs/compose.md").read_text())
    assert table
    rows = re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\|", table[1], re.MULTILINE)
    assert dict(rows) == variables()


# -- Against the code -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_our_environment_is_of_settings_that_there_are_and_can_be_read(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = SERVICES[name]["environment"]
    assert environment.keys() <= DEFAULTS.environment().keys()
    for variable, value in environment.items():
        monkeypatch.setenv(variable, str(value))
    Settings.read()


def test_a_setting_that_may_be_given_has_the_default_of_the_code() -> None:
    given = {name: default for name, default in variables().items() if name.startswith("KPI_")}
    assert given == {name: DEFAULTS.environment()[name] for name in given}


@pytest.mark.parametrize("name", OURS)
def test_our_commands_and_their_options_are_those_of_the_command_line(name: str) -> None:
    command, *arguments = SERVICES[name]["command"]
    group: Any = typer.main.get_command(app)
    group.commands[command].make_context(command, arguments)


def test_our_services_find_kafka_redis_and_the_catalog() -> None:
    kafka = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    for name in OURS:
        environment = SERVICES[name]["environment"]
        assert f"INSIDE://{environment['KPI_BROKER'].removeprefix('kafka://')}" in kafka
        redis = Redis.from_url(environment["KPI_REDIS"]).get_connection_kwargs()
        assert (redis["host"], redis["port"]) == ("redis", 6379)
        assert (environment["KPI_CATALOG"], False) in {
            (one.target, one.writable) for one in mounts(SERVICES[name])
        }


def test_producers_on_this_machine_find_kafka_where_it_says_that_it_is() -> None:
    environment = SERVICES["kafka"]["environment"]
    (port,) = published(SERVICES["kafka"])
    assert f"OUTSIDE://localhost:{port.port}" in environment["KAFKA_ADVERTISED_LISTENERS"]
    assert f"OUTSIDE://:{port.inside}" in environment["KAFKA_LISTENERS"]


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("worker", DEFAULTS.worker_port),
        ("board", DEFAULTS.board_port),
        ("intake", DEFAULTS.intake_port),
    ],
)
def test_pages_are_asked_for_and_published_where_they_are_served(name: str, port: int) -> None:
    environment = SERVICES[name]["environment"]
    assert environment[f"KPI_{name.upper()}_HOST"] == "0.0.0.0"
    assert f"http://127.0.0.1:{port}/readyz" in SERVICES[name]["healthcheck"]["test"][-1]
    assert [one.inside for one in published(SERVICES[name])] in ([], [port])


def test_our_processes_have_the_time_to_stop_that_they_want() -> None:
    assert {seconds(SERVICES[name]["stop_grace_period"]) for name in OURS} == {STOP_S}


def test_redis_evicts_nothing_loses_a_second_at_most_and_has_room_to_rewrite_its_log() -> None:
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    limit = size(options.pop("--maxmemory"))
    assert 2 * limit <= size(SERVICES["redis"]["mem_limit"])
    assert options == {
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--maxmemory-policy": "noeviction",
    }


def test_grafana_is_told_where_its_dashboards_and_prometheus_are() -> None:
    provisioning = ROOT / "grafana/provisioning"
    by_target = {mount.target: mount.source for mount in mounts(SERVICES["grafana"])}
    assert ROOT / by_target["/etc/grafana/provisioning"] == provisioning
    (provider,) = yaml_of(provisioning / "dashboards/crm.yaml")["providers"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    folder, _, first = home.rpartition("/")
    assert provider["options"]["path"] == folder
    assert (ROOT / by_target[folder] / first).is_file()
    (source,) = yaml_of(provisioning / "datasources/prometheus.yaml")["datasources"]
    (port,) = published(SERVICES["prometheus"])
    assert source["url"] == f"http://prometheus:{port.inside}"


def test_links_of_the_shipped_catalog_lead_to_where_the_board_is_published() -> None:
    (port,) = published(SERVICES["board"])
    links = read_plan(*DEFAULTS.catalog_text()).catalog.links
    assert links.board == f"http://localhost:{port.port}"


def test_the_webhooks_have_every_secret_that_there_may_be_and_their_mapping() -> None:
    secrets = {name for name in DEFAULTS.environment() if name.startswith("KPI_INTAKE_") and is_secret(name)}
    given = services(**dict.fromkeys(secrets, "a-secret-of-12"))["intake"]
    assert {name for name, value in given["environment"].items() if value == "a-secret-of-12"} == secrets
    mapping = given["environment"]["KPI_INTAKE_MAPPING"]
    (file,) = (one for one in mounts(given) if one.target == mapping)
    assert not file.writable
    assert (ROOT / file.source).samefile(ROOT / "schemas/intake.yaml")


def is_secret(name: str) -> bool:
    return name.endswith(("_SECRETS", "_TOKENS"))


def test_prometheus_has_the_boards_token_and_grafana_has_a_password() -> None:
    given = services(KPI_BOARD_TOKEN="t0ken", GRAFANA_PASSWORD="s3cret")
    assert given["board"]["environment"]["KPI_BOARD_TOKEN"] == "t0ken"
    assert given["prometheus"]["environment"]["BOARD_TOKEN"] == "t0ken"
    assert given["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"] == "s3cret"
