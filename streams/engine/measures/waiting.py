"""What is open from one time until another: a level with ages and a waiting list."""

from collections.abc import Iterable

from schemas.measures import Open
from streams.engine.measures.base import (
    Compiler,
    Contribution,
    Measure,
    Seen,
    make_measure,
)
from streams.engine.moments import not_before


def open_until(compiler: Compiler, spec: Open) -> Measure:
    """A level with `name.age` panes (+1 at the beginning while it is open) and a waiting list."""
    begin = compiler.times(spec.open, "open")
    ends = [compiler.times(name, "until", at) for at, name in enumerate(spec.until)]
    age = f"{compiler.name}.age"

    def contribute(seen: Seen) -> Iterable[Contribution]:
        begins = begin(seen.row)
        if not begins:
            return ()
        since = begins[0][0]
        until = None
        for end in ends:
            closed = not_before(end(seen.row), since)
            if closed is not None and (until is None or closed < until):
                until = closed
        stayed = stay(seen, compiler.name, since, until)
        if until is not None:
            return stayed
        return (*stayed, (age, since, seen.members(None), 1), compiler.total(seen, 1))

    return make_measure(compiler, "open", spec, contribute, functions=("start", "end", "oldest"), age=age)


def stay(seen: Seen, part: str, since: int, until: int | None) -> list[Contribution]:
    """In from `since` to `until`, and at each change of a slice out of the old and into the new."""
    members = seen.members(since)
    stay: list[Contribution] = [(part, since, members, 1)]
    for time in seen.moved():
        if since < time and (until is None or time < until):
            after = seen.members(time)
            stay += [(part, time, members, -1), (part, time, after, 1)]
            members = after
    if until is not None:
        stay.append((part, until, members, -1))
    return stay
