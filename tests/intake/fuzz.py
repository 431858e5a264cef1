"""Payloads that nobody sends: any JSON, and documented payloads in which something else stands somewhere.

`judged(drafts)` is what the engine says of drafts, by the catalog that we ship.
"""

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from streams.engine.decode import Reject
from streams.intake.drafts import Draft
from tests.builders import Ledger, record

bounded = settings(derandomize=True, deadline=None, database=None, max_examples=300)

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        [-1, 0, 1, 10**18, 10**4_000, "", " ", "0", "1e999999999", "x" * 5_000, "\ud800", "NaN"]
    )
    | st.floats()
    | st.text(max_size=8)
)
ANY_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)

Path = tuple[str | int, ...]


def paths(document: Any, path: Path = ()) -> Iterator[Path]:
    """Where something stands in a document."""
    yield path
    children = document.items() if isinstance(document, dict) else ()
    for key, child in enumerate(document) if isinstance(document, list) else children:
        yield from paths(child, (*path, key))


def replaced(document: Any, path: Path, value: Any) -> Any:
    """A copy with something else at a path."""
    if not path:
        return value
    changed = copy.copy(document)
    changed[path[0]] = replaced(document[path[0]], path[1:], value)
    return changed


@st.composite
def mutated(draw: st.DrawFn, documents: list[Any]) -> Any:
    """One of the documents with up to three things replaced."""
    document = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(document))))
        document = replaced(document, path, draw(ANY_JSON))
    return document


def judged(drafts: Iterable[Draft], ledger: Ledger | None = None) -> list[Reject]:
    """What the engine refuses of these drafts; what it accepts the ledger has taken."""
    ledger = ledger or Ledger()
    ledger.take_records([record(draft.line()) for draft in drafts])
    return ledger.rejects
