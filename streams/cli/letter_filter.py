"""The options by which dead letters are chosen."""

import re
from collections.abc import Iterable
from typing import Annotated, Final, get_args

import typer

from schemas.dead_letter import Reason
from schemas.words import nearest
from streams.cli.common import time_ms
from streams.errors import SettingsError
from streams.letters.filters import Filter

_ID: Final = re.compile(r"[A-Za-z0-9._-]+/[0-9]+/[0-9]+")

ReasonOption = Annotated[
    list[str] | None, typer.Option("--reason", help="Only these reasons: unknown_currency, bad_time, ..")
]
TypeOption = Annotated[
    list[str] | None,
    typer.Option("--type", help="Only of these event types, as far as the record tells one."),
]
FieldOption = Annotated[
    list[str] | None, typer.Option("--field", help="Only with this field at fault: data.currency.")
]
SourceOption = Annotated[
    list[str] | None, typer.Option("--source", help="Only of events with these sources.")
]
SinceOption = Annotated[
    str | None, typer.Option(help="Only of records from this time on (of Kafka).", metavar="TIME")
]
UntilOption = Annotated[str | None, typer.Option(help="Only of records before this time.", metavar="TIME")]
AllOption = Annotated[bool, typer.Option("--all", help="Those that were published again, too.")]


def letter_filter(
    reason: ReasonOption = None,
    type_: TypeOption = None,
    field: FieldOption = None,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    all_: AllOption = False,
) -> Filter:
    """SettingsError for a reason or a time that there is not."""
    known = get_args(Reason)
    for one in reason or ():
        if one not in known:
            raise SettingsError(f"--reason {one}: there is no such reason{nearest(one, known)}")
    return Filter(
        reasons=frozenset(reason or ()),
        types=frozenset(type_ or ()),
        fields=frozenset(field or ()),
        sources=frozenset(source or ()),
        since_ms=time_ms(since),
        until_ms=time_ms(until),
        replayed=all_,
    )


def checked_ids(ids: Iterable[str]) -> frozenset[str]:
    """SettingsError for what is no id of a letter."""
    return frozenset(map(checked_id, ids))


def checked_id(id_: str) -> str:
    if not _ID.fullmatch(id_):
        raise SettingsError(f"{id_}: write the id as `kpi dead-letters list` does, topic/partition/offset")
    return id_
