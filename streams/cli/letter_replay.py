"""`kpi dead-letters replay`: what was refused is published again."""

import sys
from dataclasses import replace
from typing import Annotated, Final, NamedTuple, TypeVar

import typer

from streams.cli.common import (
    INTERRUPTED,
    CatalogOption,
    err,
    out,
    read_catalog,
    say,
    settings_of,
    until_interrupted,
)
from streams.cli.grouped import grouped
from streams.cli.letter_filter import checked_ids, letter_filter
from streams.letters.filters import Filter
from streams.letters.fixing import Fix, expression, setting, unsetting
from streams.letters.order import RATE, UNSURE, Order
from streams.settings import Settings

_T = TypeVar("_T")

STAY: Final = 3
"""Exit status of a replay after which letters that were meant are still there."""

IdsArgument = Annotated[
    list[str] | None, typer.Argument(help="Only these, as `list` shows them.", metavar="[ID]...")
]
LimitOption = Annotated[
    int | None, typer.Option(min=1, help="So many at most, the newest.", metavar="NUMBER")
]
ForceOption = Annotated[bool, typer.Option("--force", help="What would be refused again, too; see --unsure.")]
UnsureOption = Annotated[
    int, typer.Option(min=0, help="So many at most that may be refused again.", metavar="NUMBER")
]
RateOption = Annotated[float, typer.Option(min=0.1, help="So many a second at most.", metavar="NUMBER")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Set a field: data.currency=EUR. JSON, or else a text.", metavar="PATH=VALUE"),
]
UnsetOption = Annotated[
    list[str] | None, typer.Option(help="Take a field away: data.channel.", metavar="PATH")
]
JqOption = Annotated[
    str | None,
    typer.Option(
        help="Change the event by an expression of jq; $letter is the id. Numbers are kept as jq does.",
        metavar="EXPR",
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Publish without asking.")]


def _fix(set_: SetOption = None, unset: UnsetOption = None, jq: JqOption = None) -> Fix:
    changes = [*map(setting, set_ or ()), *map(unsetting, unset or ())]
    return Fix([*changes, *([expression(jq)] if jq is not None else [])])


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


def _consent(dry_run: DryRunOption = False, yes: YesOption = False) -> _Consent:
    return _Consent(dry_run, yes)


@grouped(wanted=letter_filter, fix=_fix, consent=_consent)
def replay(
    wanted: Filter,
    fix: Fix,
    consent: _Consent,
    ids: IdsArgument = None,
    limit: LimitOption = None,
    force: ForceOption = False,
    unsure: UnsureOption = UNSURE,
    rate: RateOption = RATE,
    catalog: CatalogOption = None,
) -> None:
    """Publish dead letters again, through a fix (--set, then --unset, then --jq) or as they are.

    Says first what would be done, and asks. Twice is harmless. Exit status 3: some of them stay.
    """
    chosen = replace(wanted, ids=checked_ids(ids or ()))
    order = Order(chosen, fix, force=force, unsure=unsure, rate=rate)
    if _replay(settings_of(catalog), order, limit, consent):
        raise typer.Exit(STAY)


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
