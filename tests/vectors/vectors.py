"""Many small stories in one `kpi replay`, each in a slice of its own: a run of the whole path takes seconds.

    VECTORS = vectors_at("2024-05-01")
    ONE_LEFT = VECTORS.story("one left", activated("2024-01-10"), churned("2024-04-10"))

    readings = VECTORS.read(folder)
    readings.fraction("crm_churn_ratio", "30d", ONE_LEFT, kind="all")

All ids in a story's events get the story's name in front, and all its events have it as segment, region and
team. So no two stories share a subject, and what is read of the slice is what the story alone would give.
Stories of several files that are read at one moment are so by one replay.
"""

import hashlib
import json
from functools import cache
from itertools import chain
from pathlib import Path

from streams.settings import Settings
from tests.replays import Readings, Slice, replay

_IDS = ("id", "recipient_ref", "component")
_DIMENSIONS = ("product_id", "campaign_id")
"""They end in _id, but are dimensions."""


class Vectors:
    """Stories that are read at the same moment, with the shipped catalog unless another is given."""

    def __init__(self, as_of: str, catalog: str | None = None) -> None:
        self._as_of = as_of
        self._catalog = catalog
        self._stories: dict[str, list[bytes]] = {}
        self._readings: Readings | None = None

    def story(self, name: str, *lines: bytes) -> Slice:
        """The slice in which it is read."""
        assert name not in self._stories and self._readings is None
        self._stories[name] = [_within(name, line) for line in lines]
        return "segment", name

    def read(self, folder: Path) -> Readings:
        """Of all stories, replayed in this folder when they are first asked for."""
        if self._readings is None:
            self._readings = self._replayed(folder)
        return self._readings

    def _replayed(self, folder: Path) -> Readings:
        options: tuple[str, ...] = ()
        if self._catalog is not None:
            path = folder / "catalog.yaml"
            path.write_text(self._catalog)
            options = ("--catalog", str(path))
        return replay(folder, chain.from_iterable(self._stories.values()), self._as_of, *options)


@cache
def vectors_at(as_of: str) -> Vectors:
    """The stories of all files that are read at this moment with the shipped catalog."""
    return Vectors(as_of)


def _within(story: str, line: bytes) -> bytes:
    event = json.loads(line)
    event["id"] = hashlib.sha256(f"{story}: {event['id']}".encode()).hexdigest()  # a told id may be too long
    data = {name: f"{story}: {value}" if _is_id(name) else value for name, value in event["data"].items()}
    event["data"] = {**data, "segment": story, "region": story, "team": story}
    return json.dumps(event).encode()


def _is_id(field: str) -> bool:
    return field in _IDS or (field.endswith("_id") and field not in _DIMENSIONS)


def by_region(slice_: Slice) -> Slice:
    """The same story, for KPIs that are not sliced by segment."""
    return "region", slice_[1]


def by_component(slice_: Slice, component: str = "web") -> Slice:
    return "component", f"{slice_[1]}: {component}"


def shipped_in(zone: str, country: str | None = None) -> str:
    """The shipped catalog in another time zone, with the holidays of another country if need be."""
    text, _ = Settings().catalog_text()
    changes = {"time_zone: UTC ": f"time_zone: {zone} "}
    if country is not None:
        changes["{country: US}"] = f"{{country: {country}}}"
    for shipped, ours in changes.items():
        assert text.count(shipped) == 1
        text = text.replace(shipped, ours)
    return text
