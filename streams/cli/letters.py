"""`kpi dead-letters`: what was refused, and how it is brought back."""

import asyncio
import json
import re
import sys
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, get_args

import typer

from schemas.dead_letter import Reason
from schemas.words import nearest
from streams.cli.common import (
    INTERRUPTED,
    CatalogOption,
    err,
    out,
    read_catalog,
    say,
    settings_of,
    time_ms,
    until_interrupted,
)
from streams.errors import SettingsError
from streams.letters.filters import Filter
from streams.letters.fixing import Fix, expression, setting, unsetting
from streams.letters.order import RATE, UNSURE, Order
from streams.settings import Settings

_T = TypeVar("_T")

STAY: Final = 3
"""Exit status of a replay after which letters that were meant are still there."""

app = typer.Typer(
    no_args_is_help=True, help="What was refused: look at it, and bring it back into the numbers."
)

# -- Which letters ----------------------------------------------------------------------------------------

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
LinesOption = Annotated[bool, typer.Option("--json", help="A JSON object a line instead of a table.")]
RawOption = Annotated[bool, typer.Option("--raw", help="With personal data, as it is in the record.")]

_ID: Final = re.compile(r"[A-Za-z0-9._-]+/[0-9]+/[0-9]+")


def _filter(
    reasons: list[str] | None,
    types: list[str] | None,
    fields: list[str] | None,
    sources: list[str] | None,
    since: str | None,
    until: str | None,
    replayed: bool,
    ids: list[str] | None = None,
) -> Filter:
    known = get_args(Reason)
    for reason in reasons or ():
        if reason not in known:
            raise SettingsError(f"--reason {reason}: there is no such reason{nearest(reason, known)}")
    return Filter(
        ids=frozenset(_checked_id(id_) for id_ in ids or ()),
        reasons=frozenset(reasons or ()),
        types=frozenset(types or ()),
        fields=frozenset(fields or ()),
        sources=frozenset(sources or ()),
        since_ms=time_ms(since),
        until_ms=time_ms(until),
        replayed=replayed,
    )


def _checked_id(id_: str) -> str:
    if not _ID.fullmatch(id_):
        raise SettingsError(f"{id_}: write the id as `kpi dead-letters list` does, topic/partition/offset")
    return id_


# -- Looking ----------------------------------------------------------------------------------------------


@app.command("list")
def list_(
    reason: ReasonOption = None,
    type_: TypeOption = None,
    field: FieldOption = None,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    all_: AllOption = False,
    limit: Annotated[int, typer.Option(min=1, help="So many at most.", metavar="NUMBER")] = 20,
    raw: RawOption = False,
    json_: LinesOption = False,
    catalog: CatalogOption = None,
) -> None:
    """List dead letters, the newest first; messages without what they quote of the record."""
    from streams.commands.letter_tables import print_rows
    from streams.commands.letters import newest
    from streams.letters.masking import Mask

    wanted = _filter(reason, type_, field, source, since, until, all_)
    settings = settings_of(catalog)
    mask = None if raw else Mask(read_catalog(settings))
    rows = asyncio.run(newest(settings, wanted, limit, mask))
    if json_:
        _write_lines([row.document() for row in rows])
    else:
        print_rows(out, rows)


@app.command()
def show(
    id_: Annotated[str, typer.Argument(help="As `list` shows it: crm.events/3/42.", metavar="ID")],
    raw: Annotated[
        bool, typer.Option("--raw", help="The bytes of the record's value, and nothing else.")
    ] = False,
    json_: Annotated[
        bool, typer.Option("--json", help="A JSON object; with --raw the letter as it is on Kafka.")
    ] = False,
    catalog: CatalogOption = None,
) -> None:
    """Show a dead letter whole, with personal data masked."""
    from streams.commands.letter_tables import letter_document, print_letter
    from streams.commands.letters import one_letter
    from streams.letters.masking import Mask

    settings = settings_of(catalog)
    letter = asyncio.run(one_letter(settings, _checked_id(id_)))
    mask = Mask(read_catalog(settings))
    if raw:
        text = f"{letter.dead.model_dump_json()}\n".encode()
        sys.stdout.buffer.write(text if json_ else letter.dead.original() or b"")
    elif json_:
        _write_lines([letter_document(letter, mask)])
    else:
        print_letter(out, letter_document(letter, mask))


@app.command()
def stats(
    reason: ReasonOption = None,
    type_: TypeOption = None,
    field: FieldOption = None,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    all_: AllOption = False,
    by: Annotated[Literal["hour", "day"], typer.Option(help="What is counted together.")] = "hour",
    raw: RawOption = False,
    json_: LinesOption = False,
    catalog: CatalogOption = None,
) -> None:
    """Count dead letters by reason and type, hour by hour or day by day (UTC)."""
    from streams.commands.letter_tables import print_stats, stats_documents
    from streams.commands.letters import counted
    from streams.letters.masking import Mask
    from streams.letters.stats import STEPS

    wanted = _filter(reason, type_, field, source, since, until, all_)
    settings = settings_of(catalog)
    mask = None if raw else Mask(read_catalog(settings))
    found = asyncio.run(counted(settings, wanted, STEPS[by], mask))
    if json_:
        _write_lines(stats_documents(found))
    else:
        print_stats(out, found)


def _write_lines(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        line = json.dumps(document, ensure_ascii=False)
        # Half of a surrogate pair, which a record may have in it, is written as JSON does: \ud800.
        sys.stdout.buffer.write(f"{line}\n".encode(errors="backslashreplace"))


# -- Bringing back ----------------------------------------------------------------------------------------


@app.command()
def replay(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Only these, as `list` shows them.", metavar="[ID]...")
    ] = None,
    reason: ReasonOption = None,
    type_: TypeOption = None,
    field: FieldOption = None,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    all_: AllOption = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="So many at most, the newest.", metavar="NUMBER")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Set a field: data.currency=EUR. JSON, or else a text.", metavar="PATH=VALUE"
        ),
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(help="Take a field away: data.channel.", metavar="PATH")
    ] = None,
    jq: Annotated[
        str | None,
        typer.Option(
            help="Change the event by an expression of jq; $letter is the id. Numbers are kept as jq does.",
            metavar="EXPR",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="What would be refused again, too; see --unsure.")
    ] = False,
    unsure: Annotated[
        int, typer.Option(min=0, help="So many at most that may be refused again.", metavar="NUMBER")
    ] = UNSURE,
    rate: Annotated[float, typer.Option(min=0.1, help="So many a second at most.", metavar="NUMBER")] = RATE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Publish without asking.")] = False,
    catalog: CatalogOption = None,
) -> None:
    """Publish dead letters again, through a fix (--set, then --unset, then --jq) or as they are.

    Says first what would be done, and asks. Twice is harmless. Exit status 3: some of them stay.
    """
    changes = [*map(setting, set_ or ()), *map(unsetting, unset or ())]
    order = Order(
        _filter(reason, type_, field, source, since, until, all_, ids),
        Fix([*changes, *([expression(jq)] if jq is not None else [])]),
        force=force,
        unsure=unsure,
        rate=rate,
    )
    settings = settings_of(catalog)
    if _replay(settings, order, limit, _Consent(dry_run, yes)):
        raise typer.Exit(STAY)


class _Consent(NamedTuple):
    """Whether what was shown is to be published."""

    dry_run: bool
    yes: bool

    def asked(self, number: int) -> bool:
        if self.dry_run or number == 0:
            return False
        if self.yes:
            return True
        if not (sys.stdin.isatty() and err.is_terminal):
            say("nothing was published: add --yes")
            return False
        return typer.confirm(f"publish {number:,}?", err=True)


def _replay(settings: Settings, order: Order, limit: int | None, consent: _Consent) -> int:
    """How many stay where they are."""
    from streams.commands.letter_tables import print_tally
    from streams.commands.letters import published, surveyed
    from streams.commands.report import progress
    from streams.letters.masking import Mask

    plan = read_catalog(settings)
    survey = _or_exit(until_interrupted(surveyed(settings, plan, order, limit)))
    print_tally(out, survey.tally, "would be published", Mask(plan))
    if not consent.asked(survey.tally.published):
        return survey.tally.stay
    with progress(err) as advance:
        tally = _or_exit(until_interrupted(published(settings, plan, survey, advance)))
    print_tally(out, tally, "published", Mask(plan))
    return tally.stay


def _or_exit(result: _T | None) -> _T:
    if result is None:
        raise typer.Exit(INTERRUPTED)
    return result
