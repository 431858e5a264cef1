"""Markdown as pages are made of it; there is nothing where there is nothing to say."""

from collections.abc import Iterable, Sequence
from typing import Final

_PIPE: Final = r"\|"


def document(marker: str, title: str, *blocks: str) -> str:
    return "\n\n".join([marker, f"# {title}", *filter(None, blocks)]) + "\n"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(map(_row, [heading, ["---"] * len(heading), *rows]))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', _PIPE) for cell in cells)} |"


def section(title: str, *blocks: str) -> str:
    """Nothing when there is nothing to say."""
    said = [block for block in blocks if block]
    return "\n\n".join([f"## {title}", *said]) if said else ""


def bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def sentence(text: str | None) -> str:
    return f"{' '.join(text.split()).rstrip('.')}." if text else ""


def code(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts)


def numbered(items: Iterable[str]) -> str:
    return "\n".join(f"{at}. {item}" for at, item in enumerate(items, 1))
