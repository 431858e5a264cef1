"""Measures in words: what each kind counts, from the facts that the catalog names."""

from collections.abc import Callable
from typing import Any, Final

from schemas.measures import (
    Count,
    Distinct,
    Duration,
    Level,
    MeasureSpec,
    Moment,
    Movement,
    Open,
    Provided,
    Reached,
    Register,
    Spread,
    Subject,
    Sum,
    Timed,
    Trailing,
    Union,
    events_of,
)
from streams.generate.sources import Declared, state_text

_OFTEN: Final = {0: "never", 1: "once"}


def in_words(measure: Declared) -> str:
    """A sentence without its full stop, in Markdown."""
    text = _KINDS[type(measure.spec)](measure.spec, measure.subject, _thing(measure.kind))
    return f"{text}. {measure.spec.note.rstrip('.')}" if measure.spec.note else text


def _thing(kind: str) -> str:
    return kind.replace("_", " ")


# -- Facts ------------------------------------------------------------------------------------------------


def fact(subject: Subject, name: str) -> str:
    """A step, or a moment, in words."""
    if name in subject.moments:
        return _moment(subject, subject.moments[name])
    if name in subject.steps:
        return _event(subject.steps[name].event, subject.steps[name].where)
    return f"`{name}`"


def _event(type_: str, where: str | None) -> str:
    return f"`{type_}`" if where is None else f"`{type_}` where `{' '.join(where.split())}`"


def _moment(subject: Subject, moment: Moment) -> str:
    if moment.entering is not None:
        unless = f", unless it is {moment.unless_kind}" if moment.unless_kind else ""
        return f"the first time in `{moment.entering}`{unless}"
    after = f" after every {_either(subject, moment.after)}" if moment.after else ""
    before = f" with no {_either(subject, moment.not_before)} after it" if moment.not_before else ""
    return f"the first {fact(subject, moment.first or '')}{after}{before}"


def _either(subject: Subject, names: list[str]) -> str:
    return " or ".join(fact(subject, name) for name in names)


def states(subject: Subject, name: str) -> str:
    """What sets a transition: its events, each with the state after it."""
    ways = subject.transitions.get(name, ())
    told = (f"{state_text(way.state)} from {_event(way.event, way.where)}" for way in ways)
    each = next((f", for each `{way.key}`" for way in ways if way.key), "")
    return f"`{name}` ({'; '.join(told)}{each})"


# -- Kinds ------------------------------------------------------------------------------------------------


def _count(spec: Count, subject: Subject, thing: str) -> str:
    step = fact(subject, spec.count)
    placed = f", placed at {fact(subject, spec.at)}" if spec.at else ""
    within = f" if it came within {spec.within} of that" if spec.within else ""
    provided = "".join(f"; {_provided(subject, one)}" for one in spec.provided)
    return f"each {thing} once, at {step}{placed}{within}{_when(spec.when)}{provided}"


def _provided(subject: Subject, bound: Provided) -> str:
    where = f"before {fact(subject, bound.before)}" if bound.before else ""
    where = f"after {fact(subject, bound.after)}" if bound.after else where
    within = f" within {bound.within}" if bound.within else ""
    most = None if bound.at_most is None else _OFTEN.get(bound.at_most, f"{bound.at_most} times")
    often = [f"at least {_OFTEN.get(bound.at_least, f'{bound.at_least} times')}"] if bound.at_least else []
    often += [] if most is None else [most if bound.at_most == 0 else f"at most {most}"]
    return f"with {fact(subject, bound.step)} {' and '.join(often)} {where}{within}".rstrip()


def _when(condition: str | None) -> str:
    return f", only where `{' '.join(condition.split())}`" if condition else ""


def _sum(spec: Sum, subject: Subject, thing: str) -> str:
    less = f", less those of {_field(subject, spec.less)}" if spec.less else ""
    return f"the sum of {_field(subject, spec.sum)}{less}, at {fact(subject, spec.at)}{_when(spec.when)}"


def _field(subject: Subject, name: str) -> str:
    """`winning.amount_minor`, or all values of a map."""
    held, _, field = name.partition(".")
    if held in subject.maps:
        map_ = subject.maps[held]
        return f"every `{map_.field}` of {_event(map_.event, map_.where)}, one for each `{map_.key}`"
    register = subject.registers.get(held)
    return f"`{field}` of {_newest(register)}" if register else f"`{name}`"


def _newest(register: Register) -> str:
    """The event that a register keeps."""
    newest = "the newest of " if len(events_of(register)) > 1 else ""
    return newest + _event("` or `".join(events_of(register)), register.where)


def _duration(spec: Duration, subject: Subject, thing: str) -> str:
    begin, end = fact(subject, spec.duration), fact(subject, spec.to)
    skip = f" (the second one after {fact(subject, spec.skip_first_if)})" if spec.skip_first_if else ""
    clock = ", business hours only" if spec.clock == "business" else ""
    return f"the time from {begin} to {end}{skip}, placed at the latter{clock}"


def _timed(spec: Timed, subject: Subject, thing: str) -> str:
    return f"the time in {_field(subject, spec.timed)}, at {fact(subject, spec.at)}"


def _level(spec: Level, subject: Subject, thing: str) -> str:
    of = states(subject, spec.level) + (f" under `{spec.key}`" if spec.key else "")
    value = f", as `{spec.value}`" if spec.value else ""
    during = f", while `{spec.during}`" if spec.during else ""
    until = f", until {_either(subject, spec.until)}" if spec.until else ""
    weighted = ", times the probability of the stage at that time" if spec.weighted else ""
    return f"a running total over all {thing}s of {of}{value}{during}{until}{weighted}"


def _reached(spec: Reached, subject: Subject, thing: str) -> str:
    also = f", or had {_either(subject, spec.also)}" if spec.also else ""
    stage = f"if it was ever in stage `{spec.reached}` or a later one{also}"
    return f"each {thing} once, placed at {fact(subject, spec.at)}, {stage}"


_MOVEMENTS: Final = {
    "new": "the first time from nothing",
    "reactivated": "from nothing, another time",
    "expansion": "up, but not from nothing",
    "contraction": "down, but not to nothing",
    "churned": "down to nothing",
}


def _movement(spec: Movement, subject: Subject, thing: str) -> str:
    return f"the changes of {states(subject, spec.movement)}, summed per {thing}: {_MOVEMENTS[spec.which]}"


def _open(spec: Open, subject: Subject, thing: str) -> str:
    due = f", once it is due (`{spec.due}`, else {spec.due_after} after it)" if spec.due else ""
    return f"{thing}s that are open: from {fact(subject, spec.open)} to {_either(subject, spec.until)}{due}"


def _trailing(spec: Trailing, subject: Subject, thing: str) -> str:
    kind = f", for those who last left as {spec.kind}" if spec.kind else ""
    of = f"{states(subject, spec.of)} at the window's start and now"
    return f"`{spec.trailing}` summed over all {thing}s, of {of}{kind}"


def _distinct(spec: Distinct, subject: Subject, thing: str) -> str:
    during = f", and `{spec.during}` now" if spec.during else ""
    return f"{thing}s with {fact(subject, spec.distinct)} in the window, each once{during}{_when(spec.when)}"


def _union(spec: Union, subject: Subject, thing: str) -> str:
    return f"the time in {states(subject, spec.union)}, what overlaps counted once, what is open up to now"


def _spread(spec: Spread, subject: Subject, thing: str) -> str:
    start, end = (name.rpartition(".")[2] for name in (spec.start, spec.end))
    days = f"spread evenly over the local days from `{start}` to `{end}`"
    return f"{_field(subject, spec.spread)}, {days}{_when(spec.when)}"


_KINDS: Final[dict[type[MeasureSpec], Callable[[Any, Subject, str], str]]] = {
    Count: _count,
    Sum: _sum,
    Duration: _duration,
    Timed: _timed,
    Level: _level,
    Reached: _reached,
    Movement: _movement,
    Open: _open,
    Trailing: _trailing,
    Distinct: _distinct,
    Union: _union,
    Spread: _spread,
}
