"""What becomes of a letter when it is published again, judged before by the engine's own decoder."""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from streams.engine.decode import Decoder
from streams.letters.fixing import CannotFix, Fix, is_usable
from streams.letters.letter import Letter, Original, json_object
from streams.naming import REPLAYED_HEADER

Outcome = Literal["good", "unsure", "refused", "impossible"]
"""`good`: the decoder accepts it. `unsure`: the decoder cannot vouch for it. `refused`: it would be a dead
letter again. `impossible`: there is nothing that could be published."""

_OF_CLOUD_EVENTS: Final = ("ce_", "content-type")
_STRUCTURED: Final = ("content-type", b"application/cloudevents+json")
_NOTHING: Final = "the record has no value: there is nothing to publish"
_ELSEWHERE: Final = "it is of the topic {}: set KPI_TOPIC to that one"
_SAME: Final = "the fix gives several events one source and id; give each its own: --jq '.id = $letter'"
_PREFIX: Final = "only a prefix of the record was kept: publish it from where it came"
_STILL_TOO_LATE: Final = "still older than its subject is remembered; `kpi replay` counts old history"
_MAYBE_FAILS: Final = "this software failed at it; whether it still does is seen when it is published"


class Verdict(NamedTuple):
    """What becomes of a letter; what is published is `record`."""

    letter: Letter
    outcome: Outcome
    record: Original | None = None
    reason: str = ""
    """Of `refused`: a dead letter's reason code."""
    message: str = ""


class Judge:
    """Judges letters as they would be published now, through a fix or unchanged."""

    def __init__(self, decoder: Decoder, fix: Fix, topic: str, now_ms: Callable[[], int]) -> None:
        """`topic` is that of the events; a letter of another is not published there."""
        self._decoder = decoder
        self._fix = fix
        self._topic = topic
        self._now_ms = now_ms
        self._given: set[tuple[object, object]] = set()
        """(source, id) of the events that had no id before the fix."""

    def judge(self, letter: Letter) -> Verdict:
        """Whatever the letter is, there is a verdict."""
        if letter.dead.topic != self._topic:
            return Verdict(letter, "impossible", message=_ELSEWHERE.format(letter.dead.topic))
        if not letter.is_whole():
            return Verdict(letter, "impossible", message=_PREFIX if letter.dead.value else _NOTHING)
        try:
            record = self._record(letter)
            self._check_given(letter, record)
        except CannotFix as fault:
            return Verdict(letter, "impossible", message=str(fault))
        return self._judged(letter, record)

    def _record(self, letter: Letter) -> Original:
        record = letter.original()
        mark = (REPLAYED_HEADER, letter.id.encode())
        if not self._fix:
            headers = [header for header in record.headers if header[0] != REPLAYED_HEADER]
            return record._replace(timestamp=self._now_ms(), headers=[*headers, mark])
        headers = [_STRUCTURED, *_without_attributes(record.headers), mark]
        return record._replace(timestamp=self._now_ms(), value=self._fix.fixed(letter), headers=headers)

    def _check_given(self, letter: Letter, record: Original) -> None:
        """CannotFix where another letter has been given the same: they would be one event."""
        before, after = letter.event() or {}, json_object(record.value or b"") or {}
        if not self._fix or is_usable(before.get("id")):
            return
        given = (after.get("source"), after.get("id"))
        if given in self._given:
            raise CannotFix(_SAME)
        self._given.add(given)

    def _judged(self, letter: Letter, record: Original) -> Verdict:
        events, rejects = self._decoder.decode([record])
        for reject in rejects:
            return Verdict(letter, "refused", record, reject.reason, reject.message)
        if letter.dead.reason == "too_late" and _time_of(self._decoder, letter) == events[0].time_ms:
            return Verdict(letter, "refused", record, "too_late", _STILL_TOO_LATE)
        if letter.dead.reason == "engine_error":
            return Verdict(letter, "unsure", record, message=_MAYBE_FAILS)
        return Verdict(letter, "good", record)


def _time_of(decoder: Decoder, letter: Letter) -> int | None:
    events, _ = decoder.decode([letter.original()])
    return events[0].time_ms if events else None


def _without_attributes(headers: Sequence[tuple[str, bytes | None]]) -> list[tuple[str, bytes | None]]:
    """The headers that say nothing of the event: the value says all of it now."""
    return [
        (name, value)
        for name, value in headers
        if name != REPLAYED_HEADER and not name.lower().startswith(_OF_CLOUD_EVENTS)
    ]
