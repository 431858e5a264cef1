"""Which columns look as if they told of a person: of those no cell is shown, and none gets into an event."""

import re
from collections.abc import Iterable
from typing import Final

_LONG: Final = 60
"""Characters of a text that somebody wrote freely."""
_SOME: Final = 100
"""So many cells are looked at."""


def _any_of(*words: str) -> str:
    return f"\\b({'|'.join(words)})"


_PEOPLE: Final = _any_of(
    *("e ?mail", "mail", "phone", "mobile", "cell", "fax", "address", "street", "birth", "iban", "ssn", "ip"),
    *("contact", "agent", "owner", "rep", "manager", "assign", "requester", "submitter", "seller", "user"),
    *("sales ?(person|rep|man)", "person", "customer", "client", "account", "company", "organi[sz]ation"),
    *("subject", "description", "comment", "note", "text", "body", "name", "(first|last|full|sur) ?name"),
)
_THINGS: Final = _any_of(
    *(
        "ids?",
        "no",
        "nr",
        "number",
        "key",
        "uuid",
        "guid",
        "type",
        "count",
        "total",
        "tier",
        "size",
        "status",
    ),
    *("state", "segment", "date", "time", "at", "on", "created", "closed"),
)
_THINGS_NAMES: Final = _any_of(
    *(
        "product",
        "item",
        "plan",
        "campaign",
        "team",
        "stage",
        "pipeline",
        "region",
        "queue",
        "category",
        "event",
    ),
    *("file", "country"),
)
_OF_PEOPLE: Final = re.compile(_PEOPLE)
_OF_THINGS: Final = re.compile(f"{_THINGS}$|{_THINGS_NAMES} name$")
_MAIL_OR_PHONE: Final = re.compile(
    r"[^@\s]+@[^@\s]+\.[^@\s]+|\+\d[\d ()/.-]{6,}|\(\d{2,5}\) ?[\d /-]{5,}|\d{3}[-.]\d{3}[-.]\d{4}"
)


def is_personal(words: str, cells: Iterable[str]) -> bool:
    """`words` is the column's name, in lower case with blanks; `cells` are some of the column, none empty."""
    some = list(cells)[:_SOME]
    if any(_MAIL_OR_PHONE.fullmatch(cell) for cell in some):
        return True
    if sum(map(len, some)) > _LONG * len(some):
        return True
    return bool(_OF_PEOPLE.search(words)) and not _OF_THINGS.search(words)
