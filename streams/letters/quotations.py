"""Messages about a record without what they quote of it."""

import re
from collections.abc import Collection, Iterable
from typing import Final

_QUOTED: Final = re.compile(
    r"""(?<!\w)(?P<mark>['"`])(?P<text>(?:\\.|(?!(?P=mark)).)*)(?P<end>(?P=mark)|$)""", re.DOTALL
)
"""A message that was cut may end within a quotation."""
_WORD: Final = re.compile(r"[^\W\d][\w.]*")
_OF_DECODER: Final = frozenset(
    {"int", "str", "float", "bool", "null", "object", "array", "date", "datetime", "timezone"}
)
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SHORTEST: Final = 4
"""Shorter texts are left where they stand without quotation marks: they may be part of any word."""
_OPEN, _CLOSE = "\ue000", "\ue001"  # around the length of what was there; of private use, so in no message
_GONE: Final = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


def masked_message(message: str, words: Collection[str], texts: Iterable[str]) -> str:
    """A message in which only these `words` are quoted, and none of the record's `texts` stands as it is."""
    known = _OF_DECODER.union(words)
    without = message.replace(_OPEN, "").replace(_CLOSE, "")
    for text in sorted({text for text in texts if len(text) >= _SHORTEST} - known, key=len, reverse=True):
        without = _without(without, text)
    without = _QUOTED.sub(lambda quoted: _quotation(quoted, known), without)
    return _GONE.sub(lambda gone: _told(int(gone[1])), without)


def _without(message: str, text: str) -> str:
    """Without this text, also where the end of the message cuts it off."""
    parts, at = [], 0
    while (start := message.find(text[:_SHORTEST], at)) >= 0:
        run = text[: len(message) - start]
        if message.startswith(run, start):
            parts.append(f"{message[at:start]}{_OPEN}{len(run)}{_CLOSE}")
            at = start + len(run)
        else:
            parts.append(message[at : start + 1])
            at = start + 1
    return "".join([*parts, message[at:]])


def _quotation(quoted: re.Match[str], known: Collection[str]) -> str:
    text = quoted["text"]
    if _GONE.fullmatch(text):
        return text
    if _CURRENCY.fullmatch(text) or _says_only(text, known):
        return quoted[0]
    return f"{_OPEN}{len(text)}{_CLOSE}"


def _says_only(text: str, known: Collection[str]) -> bool:
    """Whether a quotation has words of the contract in it, and no others and no digits."""
    if text in known:
        return True
    words = _WORD.findall(text)
    return bool(words) and not re.search(r"\d", text) and all(word in known for word in words)


def _told(length: int) -> str:
    return f"(text of {length:,} character{'' if length == 1 else 's'})"
