"""What one commit writes, and its form on the wire: msgpack, amounts as decimal strings.

Redis' cmsgpack knows no `bin` type, so rows travel as raw strings, which may hold any bytes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack  # type: ignore[import-untyped]

from streams.engine.panes import Pane
from streams.engine.work import RowKey
from streams.naming import PartitionKeys, pane_member, row_shard, split_pane_member


@dataclass(frozen=True, slots=True)
class Changes:
    """What one commit writes. All values are absolute, so that writing them twice changes nothing."""

    rows: Mapping[RowKey, bytes | None] = field(default_factory=dict)  # None deletes
    panes: Mapping[Pane, Mapping[str, int]] = field(default_factory=dict)  # cell -> value; 0 deletes
    totals: Mapping[str, int] = field(default_factory=dict)  # cell -> value; 0 deletes
    # measure -> subject id -> since_ms; None removes
    waiting: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    dropped: Collection[Pane] = ()  # panes to delete whole
    record_ms: int | None = None  # timestamp of the newest record; None when there was no record
    record_offset: int | None = None  # its offset


@dataclass(frozen=True, slots=True)
class PaneChanges:
    """The part of a commit that the feed tells. Absolute values; 0 means gone."""

    panes: Mapping[Pane, Mapping[str, int]]
    totals: Mapping[str, int]
    dropped: Collection[Pane]


def pack_public(changes: PaneChanges, leaves_ms: Mapping[Pane, int]) -> bytes:
    """The blob that is written to the panes and, byte for byte, to the feed.

    `leaves_ms` is when each of the panes leaves its tier.
    """
    panes = [
        (pane_member(*pane), str(leaves_ms[pane]), _flat(cells)) for pane, cells in changes.panes.items()
    ]
    return _pack((panes, _flat(changes.totals), [pane_member(*pane) for pane in changes.dropped]))


def unpack_public(blob: bytes) -> PaneChanges:
    panes, totals, dropped = msgpack.unpackb(blob, raw=False)
    return PaneChanges(
        panes={split_pane_member(member): _cells(values) for member, _, values in panes},
        totals=_cells(totals),
        dropped=tuple(split_pane_member(member) for member in dropped),
    )


def pack_private(changes: Changes, keys: PartitionKeys) -> bytes:
    """The blob of rows and waiting lists, which the feed does not tell."""
    waiting = [(keys.waiting(measure), *_members(since)) for measure, since in changes.waiting.items()]
    return _pack((list(_hashes(changes.rows, keys)), waiting))


def by_hash(row_keys: Iterable[RowKey]) -> dict[tuple[str, int], list[str]]:
    """Ids grouped by the hash (kind, shard) that holds their rows."""
    hashes: dict[tuple[str, int], list[str]] = {}
    for kind, subject_id in row_keys:
        hashes.setdefault((kind, row_shard(subject_id)), []).append(subject_id)
    return hashes


def _hashes(
    rows: Mapping[RowKey, bytes | None], keys: PartitionKeys
) -> Iterator[tuple[str, list[str | bytes], list[str]]]:
    """(key of the hash, [id, row, ..], [deleted id, ..])"""
    for (kind, shard), ids in by_hash(rows).items():
        gone = [subject_id for subject_id in ids if rows[kind, subject_id] is None]
        kept = [subject_id for subject_id in ids if rows[kind, subject_id] is not None] if gone else ids
        written = _interleaved(kept, [rows[kind, subject_id] for subject_id in kept])
        yield keys.rows(kind, shard), written, gone


def _members(since: Mapping[str, int | None]) -> tuple[list[str], list[str]]:
    """([since_ms, id, ..], [removed id, ..])"""
    added = [part for subject_id, ms in since.items() if ms is not None for part in (str(ms), subject_id)]
    return added, [subject_id for subject_id, ms in since.items() if ms is None]


def _flat(cells: Mapping[str, int]) -> list[str]:
    return _interleaved(cells, map(str, cells.values()))


def _interleaved(names: Collection[str], values: Iterable[Any]) -> list[Any]:
    """[name, value, name, value, ..], as Redis wants them."""
    flat: list[Any] = [None] * (2 * len(names))
    flat[::2], flat[1::2] = names, values
    return flat


def _cells(flat: list[str]) -> dict[str, int]:
    return dict(zip(flat[::2], map(int, flat[1::2]), strict=True))


def _pack(value: object) -> bytes:
    packed: bytes = msgpack.packb(value, use_bin_type=False)
    return packed
