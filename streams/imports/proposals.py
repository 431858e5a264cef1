"""Which events the rows of a file could be, by the names of its columns."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from streams.imports.columns import FEW, Profile, words

Patterns = tuple[str, ...]
"""Regular expressions of columns' names, as lower-case words; the first that fits wins."""

_AMOUNT: Final = (r"\b(amount|value|total|revenue|price|worth)\b",)
_STATE: Final = (r"\b(stage|status|state|phase|result|outcome)\b",)


@dataclass(frozen=True, slots=True)
class Step:
    """An event that a row may be."""

    type: str
    times: Patterns
    """Of the column that says when."""
    states: str = ""
    """What a cell of the column of stages says of such rows; nothing: all rows."""
    fields: Mapping[str, Patterns] = field(default_factory=dict)
    """Further field -> its column. An amount is in major units in the file."""
    otherwise: Mapping[str, str | int] = field(default_factory=dict)
    """Field -> what it is for want of a column; without that it is left out."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a row may tell of."""

    name: str
    signs: str
    """What names of columns, or of the file, say so."""
    id_field: str
    ids: Patterns
    steps: Sequence[Step]


_OPENED: Final = (r"\b(created?|creation|opened|open|engage|start|begin|submitted|reported|received|from)\b",)
_CLOSED: Final = (r"\b(closed?|closing|won|lost|end|ended|completed?|finished|resolved|solved|until)\b",)
KINDS: Final = (
    Kind(
        name="deal",
        signs=r"\b(deals?|opportunit(y|ies)|pipeline|opp|won|lost)\b",
        id_field="deal_id",
        ids=(r"\b(deal|opportunity|opp|record) (id|no|nr|number|key)$", r"^id$"),
        steps=(
            Step("crm.deal.created", _OPENED, fields={"amount_minor": _AMOUNT}),
            Step(
                "crm.deal.won",
                _CLOSED,
                r"\b(won|win|success\w*)\b",
                fields={"amount_minor": _AMOUNT},
                otherwise={"amount_minor": 0},
            ),
            Step("crm.deal.lost", _CLOSED, r"\b(lost|lose|loss|abandoned|dead)\b"),
        ),
    ),
    Kind(
        name="ticket",
        signs=r"\b(tickets?|cases?|issues?|incidents?|helpdesk|resolved|solved|priority)\b",
        id_field="ticket_id",
        ids=(r"\b(ticket|case|issue|incident|record) (id|no|nr|number|key)$", r"^id$"),
        steps=(
            Step("crm.ticket.created", _OPENED, fields={"priority": (r"\bpriority\b",)}),
            Step("crm.ticket.resolved", _CLOSED, r"\b(resolved|solved|closed|done|completed?)\b"),
        ),
    ),
    Kind(
        name="lead",
        signs=r"\b(leads?|prospects?|mql|sql|qualified)\b",
        id_field="lead_id",
        ids=(r"\b(lead|prospect|contact|record) (id|no|nr|number|key)$", r"^id$"),
        steps=(
            Step("crm.lead.created", _OPENED),
            Step(
                "crm.lead.qualified",
                (r"\b(qualified|qualification|mql|sql)\b",),
                r"\b(qualified|mql|sql|accepted)\b",
                otherwise={"stage": "sql"},
            ),
            Step("crm.lead.converted", (r"\b(converted|conversion)\b",), r"\bconverted\b"),
        ),
    ),
    Kind(
        name="order",
        signs=r"\b(orders?|invoices?|purchases?|sales?|paid|sku|checkout)\b",
        id_field="order_id",
        ids=(r"\b(order|invoice|purchase|transaction|sale) (id|no|nr|number|key)$", r"^id$"),
        steps=(
            Step(
                "crm.order.paid",
                (r"\b(paid|payment)\b", r"\b(order|ordered|invoice|purchased?)\b", *_OPENED),
                fields={"amount_minor": _AMOUNT},
                otherwise={"amount_minor": 0},
            ),
        ),
    ),
    Kind(
        name="survey",
        signs=r"\b(surveys?|nps|csat|ces|scores?|ratings?|responses?|respondents?|answers?|feedback)\b",
        id_field="response_id",
        ids=(r"\b(response|answer|survey|feedback|record) (id|no|nr|number|key)$", r"^id$"),
        steps=(
            Step(
                "crm.survey.answered",
                (r"\b(answered|responded|response|completed|submitted)\b", *_OPENED),
                fields={"score": (r"\b(score|rating|nps|csat|ces|stars)\b",)},
                otherwise={"kind": "nps", "score": 0, "scale_min": 0, "scale_max": 10},
            ),
        ),
    ),
)
CUSTOMER_IDS: Final = (
    r"\b(customer|account|company|client|organi[sz]ation|contact|requester|user) (id|no|nr|number|key)$",
)
CUSTOMERS: Final = (
    r"\b(customer|account|company|client|organi[sz]ation)\b",
    r"\b(e ?mail|contact|requester)\b",
)
DIMENSIONS: Final[Mapping[str, Patterns]] = {
    "channel": (r"\b(channel|source|medium|origin)\b",),
    "product_id": (r"\b(product|sku|item|article)\b",),
    "segment": (r"\b(segment|sector|industry|vertical)\b",),
    "region": (r"\b(region|territory|country|office|market)\b",),
    "plan": (r"\b(plan|tier|subscription)\b",),
    "team": (r"\b(team|department|group|queue)\b",),
    "campaign_id": (r"\bcampaign\b",),
}
"""Dimension of a catalog -> the column that may hold its members."""


def kind_of(stem: str, columns: Sequence[Profile]) -> Kind | None:
    """The kind that most columns speak of, and the name of the file; None if nothing does."""
    names = [words(stem), *(column.words for column in columns)]
    points = {kind.name: sum(len(re.findall(kind.signs, name)) for name in names) for kind in KINDS}
    best = max(KINDS, key=lambda kind: points[kind.name])
    return best if points[best.name] else None


def find(
    patterns: Patterns, columns: Sequence[Profile], fits: Callable[[Profile], bool] = lambda column: True
) -> Profile | None:
    """The column that a pattern names, of those that fit; of several the first."""
    named = (
        column
        for pattern in patterns
        for column in columns
        if re.search(pattern, column.words) and fits(column)
    )
    return next(named, None)


def state_column(columns: Sequence[Profile], states: Sequence[str]) -> Profile | None:
    """The column that says how far a row is: by its name, or because a cell is one of the states sought."""

    def is_choice(column: Profile) -> bool:
        return column.holds in ("a few words", "texts") and column.different <= FEW

    def says_state(column: Profile) -> bool:
        return is_choice(column) and any(
            re.search(one, cell.lower()) for one in states for cell in column.cells
        )

    return find(_STATE, columns, is_choice) or find(("",), columns, says_state)
