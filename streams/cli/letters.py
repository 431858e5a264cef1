"""`kpi dead-letters`: what was refused, and how it is brought back."""

import asyncio
from typing import Annotated

import typer

from streams.cli.common import CatalogOption, out, read_catalog, settings_of
from streams.clock import clock_ms

STAY = 3
"""Exit status when letters that were meant are not published."""

app = typer.Typer(no_args_is_help=True, help="What was refused: look at it, and bring it back.")

LimitOption = Annotated[int, typer.Option(min=1, help="So many at most, the newest.", metavar="NUMBER")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Set a field: data.currency=EUR. JSON, or else a text.", metavar="PATH=VALUE"),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Publish without asking.")]


@app.command("list")
def list_(limit: LimitOption = 20) -> None:
    """List dead letters, the newest first."""
    from streams.commands.letter_tables import print_rows
    from streams.commands.letters import letter_topic, newest
    from streams.letters.filters import Filter
    from streams.letters.rows import Row

    async def rows() -> list[Row]:
        async with letter_topic(settings_of()) as topic:
            return await newest(topic, Filter(), limit)

    print_rows(out, asyncio.run(rows()))


@app.command()
def replay(set_: SetOption = None, yes: YesOption = False, catalog: CatalogOption = None) -> None:
    """Publish dead letters again."""
    from streams.commands.letter_tables import print_tally
    from streams.commands.letters import letter_topic
    from streams.letters.filters import Filter
    from streams.letters.fixing import Fix, setting
    from streams.letters.replaying import Order, Replayer

    settings = settings_of(catalog)
    plan = read_catalog(settings)
    order = Order(Filter(), Fix([setting(text) for text in set_ or ()]))

    async def work() -> None:
        async with letter_topic(settings) as topic:
            replayer = Replayer(settings, plan, topic, clock_ms)
            print_tally(out, await replayer.survey(order), "would be published")
            if yes:
                print_tally(out, await replayer.publish(order, lambda _: None), "published")

    asyncio.run(work())
