"""The command line: `kpi ...`."""

import typer

from streams.engine.plan import read_plan
from streams.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def worker() -> None:
    """Run a worker."""
    from streams.worker.app import Worker

    settings = Settings.read()
    Worker(settings, read_plan(*settings.catalog_text())).run()


@app.callback()
def callback() -> None: ...


def main() -> None:
    app()


if __name__ == "__main__":
    main()
