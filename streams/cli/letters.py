"""`kpi dead-letters`: what was refused, to be looked at."""

import asyncio
import json
import sys
from typing import Annotated, Any, Literal

import typer

from streams.cli.common import CatalogOption, out, read_catalog, settings_of
from streams.cli.grouped import grouped
from streams.cli.letter_filter import checked_id, letter_filter
from streams.cli.letter_replay import replay
from streams.letters.filters import Filter

LinesOption = Annotated[bool, typer.Option("--json", help="A JSON object a line instead of a table.")]
RawOption = Annotated[bool, typer.Option("--raw", help="With personal data, as it is in the record.")]

app = typer.Typer(
    no_args_is_help=True, help="What was refused: look at it, and bring it back into the numbers."
)


@app.command("list")
@grouped(wanted=letter_filter)
def list_(
    wanted: Filter,
    limit: Annotated[int, typer.Option(min=1, help="So many at most.", metavar="NUMBER")] = 20,
    raw: RawOption = False,
    json_: LinesOption = False,
    catalog: CatalogOption = None,
) -> None:
    """List dead letters, the newest first; messages without what they quote of the record."""
    from streams.commands.letter_tables import print_rows
    from streams.commands.letters import newest
    from streams.letters.masking import Mask

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
    letter = asyncio.run(one_letter(settings, checked_id(id_)))
    mask = Mask(read_catalog(settings))
    if raw:
        text = f"{letter.dead.model_dump_json()}\n".encode()
        sys.stdout.buffer.write(text if json_ else letter.dead.original() or b"")
    elif json_:
        _write_lines([letter_document(letter, mask)])
    else:
        print_letter(out, letter_document(letter, mask))


@app.command()
@grouped(wanted=letter_filter)
def stats(
    wanted: Filter,
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


app.command()(replay)
