"""State in Redis: one partition's rows, panes and position, moved by one script and told by a feed."""

from streams.engine.panes import Pane
from streams.engine.work import RowKey
from streams.state.changes import Changes, PaneChanges
from streams.state.client import connect, erase, eviction_policy, refuse_eviction
from streams.state.feed import Entry, Feed, Gap, Snapshot, partition_count
from streams.state.position import Position
from streams.state.store import Outcome, PartitionStore

__all__ = [
    "Changes",
    "Entry",
    "Feed",
    "Gap",
    "Outcome",
    "Pane",
    "PaneChanges",
    "PartitionStore",
    "Position",
    "RowKey",
    "Snapshot",
    "connect",
    "erase",
    "eviction_policy",
    "partition_count",
    "refuse_eviction",
]
