"""Finding the records that our own code fails at, so that nothing but they must be left out."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from streams.engine.decode import Event, Reject
from streams.engine.engine import Engine
from streams.engine.facts import Row
from streams.engine.work import RowKey
from streams.worker.condition import OURS, reason_of

Rows = Mapping[RowKey, Row | None]


class Sieve:
    """Tries records on copies of their rows, and halves what fails until single records are left.

    What it finds depends on the records and the rows before them alone: it finds the same again.
    """

    def __init__(self, engine: Engine, load: Callable[[Iterable[Event]], Awaitable[Rows]]) -> None:
        self._engine = engine
        self._load = load
        self._rows: dict[RowKey, bytes] = {}
        """As the good ones have left them."""
        self.good: list[Any] = []
        self.rejects: list[Reject] = []

    async def sift(self, records: Sequence[Any]) -> None:
        """Sort records into `good` and `rejects`; RedisError when rows cannot be loaded."""
        try:
            rows = await self._try(records)
        except Exception as error:
            if reason_of(error) != OURS:
                raise
            await self._split(records, error)
        else:
            self._rows |= rows
            self.good += records

    async def _split(self, records: Sequence[Any], error: Exception) -> None:
        if len(records) == 1:
            text = f"the engine fails at it with {type(error).__name__}"  # whose own text may quote anything
            self.rejects.append(Reject(records[0], "engine_error", None, text))
            return
        half = len(records) // 2
        await self.sift(records[:half])
        await self.sift(records[half:])

    async def _try(self, records: Sequence[Any]) -> Mapping[RowKey, bytes]:
        """The rows that these records change, behind all good ones; raises whatever the engine does."""
        events, _ = self._engine.decode(records)
        loaded = await self._load(events)
        rows = {key: self._copy(key, loaded[key]) for key in self._engine.keys(events)}
        return self._engine.apply(events, rows).rows

    def _copy(self, key: RowKey, loaded: Row | None) -> Row | None:
        """The engine changes rows in place, also when it fails half-way."""
        data = self._rows.get(key)
        if data is None and loaded is not None:
            data = self._engine.encode_row(loaded)
        return None if data is None else self._engine.decode_row(key[0], data)
