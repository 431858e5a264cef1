"""Who is waiting: the subjects behind an open measure's number, from the lists that are committed with it."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from operator import sub
from typing import Any, Final, Self
from urllib.parse import quote

from schemas.measures import ID_PLACE, Subject
from schemas.words import SPAN, nearest, span_ms
from streams.engine.plan import Plan
from streams.engine.subjects import ID_SEPARATOR
from streams.errors import BadParameter
from streams.human import rfc3339
from streams.state import Feed

MOST: Final = 1_000
"""So many subjects are listed at most."""
LISTED: Final = 20
AGES_MS: Final = tuple(span_ms(span) for span in ("15m", "1h", "4h", "1d", "3d", "7d", "30d"))
"""Where one class of ages ends and the next begins."""
_BETWEEN: Final = " / "
"""Stands between the fields of an id where people read it."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whose list, of those who wait for at least `older_ms`, and how many of them."""

    measure: str
    older_ms: int = 0
    limit: int = LISTED

    @classmethod
    def checked(cls, plan: Plan, measure: str, older: str = "", limit: str = "") -> Self:
        """Of texts, empty ones for what was not said; BadParameter for one that cannot be."""
        known = plan.open_measures
        if measure not in known:
            text = f"{measure!r} is no measure that keeps a waiting list{nearest(measure, known)}"
            raise BadParameter(text.partition("; known")[0], "measure", known)
        if older and not re.fullmatch(SPAN, older):
            raise BadParameter(f"{older!r} is no span", "older", ["30s", "15m", "1h", "2d"])
        if limit and not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MOST):
            raise BadParameter(f"{limit!r} is no number of subjects", "limit", ["1", "..", str(MOST)])
        return cls(measure, span_ms(older) if older else 0, int(limit or LISTED))


@dataclass(frozen=True, slots=True)
class Waiter:
    """A subject that is open."""

    fields: Mapping[str, str]
    """What it is known by: `{"lead_id": "lead-7"}`, or several that only together tell it apart."""
    since_ms: int
    age_ms: int
    link: str | None

    @property
    def name(self) -> str:
        """For people."""
        return _BETWEEN.join(self.fields.values())


@dataclass(frozen=True, slots=True)
class Age:
    """How many have waited for `from_ms` or longer, but not yet for `to_ms`."""

    from_ms: int
    to_ms: int | None
    """None: they have no upper end."""
    number: int


@dataclass(frozen=True, slots=True)
class WaitingList:
    """The oldest of those who wait at `as_of_ms`, the oldest first."""

    question: Question
    as_of_ms: int
    number: int
    """How many wait that long, listed or not."""
    waiters: Sequence[Waiter]
    ages: Sequence[Age] = ()
    """Of all who wait, however long; the youngest first."""

    def document(self) -> dict[str, Any]:
        """As JSON has it; ages in seconds."""
        return {
            "as_of": rfc3339(self.as_of_ms),
            "measure": self.question.measure,
            "older_seconds": self.question.older_ms / 1000,
            "number": self.number,
            "waiting": [_row(waiter) for waiter in self.waiters],
            "ages": [_age(age) for age in self.ages],
        }


def _age(age: Age) -> dict[str, Any]:
    to_s = None if age.to_ms is None else age.to_ms / 1000
    return {"from_seconds": age.from_ms / 1000, "to_seconds": to_s, "number": age.number}


def _row(waiter: Waiter) -> dict[str, Any]:
    return {
        "id": waiter.name,
        "fields": dict(waiter.fields),
        "since": rfc3339(waiter.since_ms),
        "age_seconds": waiter.age_ms / 1000,
        "link": waiter.link,
    }


async def who_waits(feeds: Sequence[Feed], plan: Plan, question: Question, now_ms: int) -> WaitingList:
    """Merged over all partitions; raises redis.exceptions.RedisError.

    Whoever waits only from a later time on (its due time, say) is neither counted nor listed.
    """
    measure, until_ms = question.measure, now_ms - question.older_ms
    times_ms = [now_ms - age_ms for age_ms in (0, *AGES_MS)]
    asked = (feed.waiting([measure], question.limit, until_ms, times_ms) for feed in feeds)
    found = await asyncio.gather(*asked)
    lists = [of_feed[measure] for of_feed in found]
    oldest = sorted(chain.from_iterable(one.oldest for one in lists), key=lambda one: (one[1], one[0]))
    subject = _subject_of(plan, measure)
    waiters = [_waiter(subject, id_, since_ms, now_ms) for id_, since_ms in oldest[: question.limit]]
    by_time = [sum(numbers) for numbers in zip(*(one.by_time for one in lists), strict=True)]
    return WaitingList(question, now_ms, sum(one.number for one in lists), waiters, _ages(by_time))


def _ages(by_time: Sequence[int]) -> list[Age]:
    """Of how many have waited for each of the ages or longer, 0 first."""
    edges: list[tuple[int, int | None]] = list(pairwise((0, *AGES_MS)))
    edges.append((AGES_MS[-1], None))
    numbers = [*map(sub, by_time, by_time[1:]), *by_time[-1:]]
    return [Age(*edge, number) for edge, number in zip(edges, numbers, strict=True)] if by_time else []


def _subject_of(plan: Plan, measure: str) -> Subject:
    kinds = (kind for kind, of in plan.measures_of.items() if plan.measures[measure] in of)
    return plan.subjects[next(kinds)].subject


def _waiter(subject: Subject, id_: str, since_ms: int, now_ms: int) -> Waiter:
    names, parts = subject.id, [id_]
    if not isinstance(names, str):
        parts = id_.split(ID_SEPARATOR)
    fields = dict(zip([names] if isinstance(names, str) else names, parts, strict=True))
    return Waiter(fields, since_ms, now_ms - since_ms, _link(subject.link, parts))


def _link(template: str | None, parts: Sequence[str]) -> str | None:
    """The address of a subject's page; whatever its id is, it stays within its place."""
    if template is None:
        return None
    return template.replace(ID_PLACE, "/".join(quote(part, safe="") for part in parts))
