"""What networks and producers do to tidy traffic: lines that come twice, late or broken.

No good line is lost and none is changed; a bad line is one line more. So whoever counts right gets from the
mess what they would have got from the tidy lines.
"""

import heapq
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

TOO_MUCH_MINOR = 10**16


@dataclass(frozen=True, slots=True)
class Mess:
    """Shares are of the good lines, distances in lines.

    About `displaced * window + (duplicates + late) * farthest` lines are held in memory, at most.
    """

    duplicates: float = 0.03
    """Exact repeats, some at once and some far later."""
    displaced: float = 0.10
    """Lines that come after lines that were behind them."""
    late: float = 0.001
    """Lines that come very much later, by up to `farthest` lines."""
    bad: float = 0.005
    """Extra lines that nobody may count, of each kind of `BAD`."""
    window: int = 4_000
    """How far a line is displaced at most."""
    farthest: int = 40_000
    """How far behind its line a repeat is, or a late line behind its place, at most."""


def messy(lines: Iterable[bytes], mess: Mess, seed: int) -> Iterator[bytes]:
    """The same mess for the same lines and seed."""
    rng = Random(seed)
    held: list[tuple[int, int, bytes]] = []
    number = 0
    for place, line in enumerate(lines):
        for delay, copy in _copies(line, mess, rng):
            number += 1
            heapq.heappush(held, (place + delay, number, copy))
        while held and held[0][0] <= place:
            yield heapq.heappop(held)[2]
    while held:
        yield heapq.heappop(held)[2]


def _copies(line: bytes, mess: Mess, rng: Random) -> Iterator[tuple[int, bytes]]:
    """The line, perhaps a repeat and perhaps a broken one, each with how many lines it is held back."""
    delay = _held_back(mess, rng)
    yield delay, line
    if rng.random() < mess.duplicates:
        yield delay + int(mess.farthest ** rng.random()), line
    if rng.random() < mess.bad:
        yield 0, rng.choice(_BREAKERS)(line)


def _held_back(mess: Mess, rng: Random) -> int:
    """So many lines, 0 for most."""
    drawn = rng.random()
    if drawn < mess.late:
        return rng.randint(1, mess.farthest)
    return rng.randint(1, mess.window) if drawn < mess.late + mess.displaced else 0


# -- Bad lines --------------------------------------------------------------------------------------------


def _truncated(line: bytes) -> bytes:
    return line[: len(line) // 2]


def _array(line: bytes) -> bytes:
    return b"[" + line + b"]"


def _not_utf8(line: bytes) -> bytes:
    """A byte in the middle of the id that no UTF-8 text holds."""
    return line.replace(b'"id":"', b'"id":"\xff', 1)


def _with(**attributes: Any) -> Callable[[bytes], bytes]:
    """The event with other attributes."""

    def breaker(line: bytes) -> bytes:
        return _line({**json.loads(line), **attributes})

    return breaker


def _no_zone(line: bytes) -> bytes:
    event = json.loads(line)
    return _line({**event, "time": event["time"].removesuffix("Z")})


def _won(**fields: Any) -> Callable[[bytes], bytes]:
    """A deal that would have been won, but for these fields; None leaves one out."""
    data = {"deal_id": "deal-bad", "customer_id": "cust-bad", "amount_minor": 990_00, "currency": "USD"}
    given = {name: value for name, value in {**data, **fields}.items() if value is not None}
    return _with(type="crm.deal.won", data=given)


def _of(type_: str, **data: Any) -> Callable[[bytes], bytes]:
    """An event of this type, with a field that its type does not allow."""
    return _with(type=type_, data=data)


def _nan_score(line: bytes) -> bytes:
    data = {"response_id": "response-bad", "kind": "nps", "score": math.nan, "scale_min": 0, "scale_max": 10}
    return _with(type="crm.survey.answered", data=data)(line)


def _line(event: dict[str, Any]) -> bytes:
    """The standard library's JSON has NaN."""
    return json.dumps(event, separators=(",", ":")).encode()


BAD: dict[str, Callable[[bytes], bytes]] = {
    "not_json": lambda line: b"<html><body>502 Bad Gateway</body></html>",
    "truncated": _truncated,
    "array": _array,
    "not_utf8": _not_utf8,
    "unknown_type": _with(type="crm.lead.teleported"),
    "missing_field": _won(amount_minor=None),
    "wrong_type": _won(amount_minor="a lot"),
    "no_zone": _no_zone,
    "negative_amount": _won(amount_minor=-990_00),
    "huge_amount": _won(amount_minor=TOO_MUCH_MINOR),
    "unknown_currency": _won(currency="XXX"),
    "nan_score": _nan_score,
    "empty_id": _with(id=""),
    "unknown_word": _of("crm.reference.changed", customer_id="cust-bad", state="considered"),
    "no_component": _of("crm.incident.opened", incident_id="incident-bad"),
    "text_for_number": _of(
        "crm.request.sampled", request_id="request-bad", component="web", duration_ms="12 ms", ok=True
    ),
    "number_for_yes": _of("crm.user.licensed", user_id="user-bad", active=1),
}
"""Every kind of bad line: from a good one, which stays as it is."""
_BREAKERS = tuple(BAD.values())
