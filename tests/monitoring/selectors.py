"""The selectors of a PromQL expression: what it reads, one by one."""

import re
from collections.abc import Iterator
from typing import Final

_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_CLAUSE: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\b\s*(?:\([^()]*\))?")
_WORD: Final = re.compile(r"(?<![\w:])(?:and|or|unless|bool|inf|nan)(?![\w:])", re.IGNORECASE)
_SELECTOR: Final = re.compile(
    r"(?<![\w:])(?:[a-zA-Z_:][\w:]*\s*(?:\{[^{}]*\})?|\{[^{}]+\})(?!\s*\()(?![\w:])"
)
_SPAN: Final = re.compile(r"\[[^\]]*\]|\boffset\s+\w+")


def selectors(expr: str) -> Iterator[str]:
    """Each with its matchers, without its range: `up{job="crm-board"}`."""
    texts: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        texts.append(found[0])
        return f'"{len(texts) - 1}"'

    bare = _WORD.sub(";", _CLAUSE.sub(" ", _SPAN.sub(" ", _TEXT.sub(put_aside, expr))))
    for found in _SELECTOR.finditer(bare):
        yield re.sub(r'"(\d+)"', lambda at: texts[int(at[1])], found[0].strip())
