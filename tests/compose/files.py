"""docker-compose.yml and Dockerfile as Docker reads them, without a Docker."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
OURS = "crm-kpi-streams"
"""The image that is built here; the others are made by others."""

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def yaml_of(file: Path) -> Any:
    return YAML(typ="safe", pure=True).load(file)


def interpolated(node: Any, variables: Mapping[str, str]) -> Any:
    """Every text with its ${NAME:-default} replaced, and $$ as a dollar."""
    if isinstance(node, dict):
        return {name: interpolated(value, variables) for name, value in node.items()}
    if isinstance(node, list):
        return [interpolated(value, variables) for value in node]
    return _VARIABLE.sub(lambda found: _value(found, variables), node) if isinstance(node, str) else node


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    return variables.get(found["name"]) or found["default"] or ""


def variables() -> dict[str, str]:
    """Every variable that the compose file asks for, with its default."""
    found = [(one["name"], one["default"]) for one in _VARIABLE.finditer(COMPOSE.read_text()) if one["name"]]
    defaults: dict[str, str] = {}
    for name, default in found:
        if name != "LIKE_THIS":  # in the explanation
            assert defaults.setdefault(name, default) == default, f"{name} has two defaults"
    return defaults


def compose(**given: str) -> Any:
    """The whole file, with these variables set."""
    return interpolated(yaml_of(COMPOSE), given)


def services(**given: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose(**given)["services"]
    return found


def image(service: Mapping[str, Any]) -> tuple[str, str]:
    """(name, tag)"""
    name, _, tag = str(service["image"]).partition(":")
    return name, tag


def is_ours(service: Mapping[str, Any]) -> bool:
    return image(service)[0] == OURS


class Published(NamedTuple):
    """A port as others can reach it, and the one inside the container."""

    host: str
    port: int
    inside: int


def published(service: Mapping[str, Any]) -> list[Published]:
    found = []
    for text in service.get("ports", ()):
        host, port, inside = str(text).rsplit(":", 2)
        found.append(Published(host, int(port), int(inside)))
    return found


class Mount(NamedTuple):
    """`source` is a path beside the compose file, or the name of a volume."""

    source: str
    target: str
    writable: bool


def mounts(service: Mapping[str, Any]) -> list[Mount]:
    return [_mount(one) for one in service.get("volumes", ())]


def _mount(one: Any) -> Mount:
    if isinstance(one, dict):
        return Mount(one["source"], one["target"], not one.get("read_only"))
    source, target, *options = one.split(":")
    return Mount(source, target, "ro" not in options)


def seconds(text: str) -> float:
    """Of one number with a unit."""
    number, unit = re.fullmatch(r"([\d.]+)(s|m|h)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def size(text: str) -> int:
    """Bytes of 512m, 2g or 1gb."""
    number, unit = re.fullmatch(r"(\d+)([kmg])b?", text).groups()  # type: ignore[union-attr]
    return int(number) << 10 * ("kmg".index(unit) + 1)
