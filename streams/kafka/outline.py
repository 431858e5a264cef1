"""What publishing a line takes to know: its record key, and when it happened."""

from typing import Any, Final, NamedTuple

import msgspec

from schemas.events import CUSTOMER, EVENT_TYPES, EventTypes, partition_key


class Outline(NamedTuple):
    """As much of a line as publishing it takes; a bad line has neither."""

    key: str | None = None
    time: str = ""


class Outliner:
    """Reads of lines what publishing them takes, by the event types that there are.

    Nothing else is looked at: the worker accepts events whose other fields no decoder could hold.
    """

    def __init__(self, types: EventTypes) -> None:
        self._types = types
        self._key_fields = {type_: model.key_fields() for type_, model in types.items()}
        fields = {CUSTOMER, *(field for model in types.values() for field in model.key_fields())}
        data: Any = msgspec.defstruct("_Data", [(name, Any, None) for name in sorted(fields)])
        attributes: Any = [("type", str), ("data", data), ("time", str, ""), ("partitionkey", Any, None)]
        self._decode = msgspec.json.Decoder(msgspec.defstruct("_Event", attributes)).decode

    def outline(self, line: bytes) -> Outline:
        """What can be read of a line; of a line that is no event, nothing."""
        try:
            event: Any = self._decode(line)
        except (ValueError, RecursionError):
            return Outline()
        given = event.partitionkey if isinstance(event.partitionkey, str) else None
        key = given or partition_key(event.type, msgspec.structs.asdict(event.data), self._types)
        return Outline(key, event.time)

    def key_of_data(self, type_: str, data: Any) -> bytes | None:
        """The record key of an event without `partitionkey`; `data` as the worker's decoder gives them."""
        for field in self._key_fields[type_]:
            value = getattr(data, field)
            if value:
                return bytes(value, "utf-8")
        return None

    def key_of(self, line: bytes) -> bytes | None:
        """The record key that the contract gives to a line."""
        key = self.outline(line).key
        return key.encode() if key else None


OF_CONTRACT: Final = Outliner(EVENT_TYPES)
key_of: Final = OF_CONTRACT.key_of
