"""CloudEvents over HTTP: structured, as a batch, or binary: with its attributes as headers.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
Whichever way it came, an event goes on in its structured form, on one line. Each is judged as the worker will
judge it: so whoever publishes hears of a fault while it can still be mended.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from streams.engine.decode import Decoder, Reject
from streams.intake.brought import Brought, Line
from streams.intake.media import media_type
from streams.intake.refusals import Refusal
from streams.intake.requests import Request

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
BINARY: Final = "application/json"
MOST_EVENTS: Final = 5_000
"""Of a batch: while they are judged nobody else is answered, some 0.1 s."""
_ATTRIBUTE: Final = "ce-"
REMEDY: Final = (
    f"send one event as {STRUCTURED}, several as {BATCH}, or its data as {BINARY} and its attributes as "
    "ce-... headers"
)


class _Record(NamedTuple):
    """An event as the decoder takes it; `offset` is its place in the batch."""

    offset: int
    timestamp: int
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def brought(request: Request, now_ms: int, decoder: Decoder) -> Brought:
    """The good events' lines and the bad ones' faults. Refusal for a body that holds no events at all."""
    values, is_batch = _values(request)
    records = [_Record(at, now_ms, value) for at, value in enumerate(values)]
    events, rejects = decoder.decode(records)
    lines = [Line(event.type, _on_one_line(event.record.value)) for event in events]
    return Brought(lines, faults=[_fault(reject, is_batch) for reject in rejects])


def _values(request: Request) -> tuple[list[bytes], bool]:
    """The events as they came, in structured form, and whether they are a batch."""
    media = media_type(request.headers)
    if media == BATCH:
        return _batch(request.body), True
    if media == STRUCTURED:
        return [request.body], False
    if media == BINARY and any(name.lower().startswith(_ATTRIBUTE) for name in request.headers):
        return [_from_binary(request)], False
    raise Refusal(415, "unsupported", f"Content-Type {media or 'is missing'}: {REMEDY}")


def _batch(body: bytes) -> list[bytes]:
    try:
        found = _decode_batch(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(422, "faulty", f"a batch is a JSON array of events: {error}") from None
    if len(found) > MOST_EVENTS:
        raise Refusal(413, "too_large", f"a batch has at most {MOST_EVENTS:,} events; send several")
    return [bytes(one) for one in found]


_decode_batch: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _from_binary(request: Request) -> bytes:
    attributes = _attributes(request.headers)
    try:
        data = {"data": msgspec.Raw(_syntax(request.body))} if request.body else {}
    except (ValueError, RecursionError) as error:
        raise Refusal(422, "faulty", f"the data is not JSON: {error}") from None
    return msgspec.json.encode({**attributes, **data})


_syntax: Final = msgspec.json.Decoder(msgspec.Raw).decode


def _attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    """Of the ce-... headers; what is not printable ASCII is percent-encoded there."""
    try:
        return {
            name[len(_ATTRIBUTE) :].lower(): unquote(value, errors="strict")
            for name, value in headers.items()
            if name.lower().startswith(_ATTRIBUTE)
        }
    except UnicodeDecodeError:
        raise Refusal(422, "faulty", "a ce-... header is not percent-encoded UTF-8") from None


_LINE_ENDS: Final = bytes.maketrans(b"\r\n", b"  ")


def _on_one_line(value: bytes) -> bytes:
    """Line ends stand between the parts of JSON only: within a text they are written \\n."""
    return value.translate(_LINE_ENDS)


def _fault(reject: Reject, is_batch: bool) -> dict[str, Any]:
    place = f"[{reject.record.offset}]" if is_batch else ""
    path = ".".join(filter(None, (place, reject.field)))
    return {"path": path, "reason": reject.reason, "message": reject.message}
