"""What the answers are, as JSON Schema: components of the OpenAPI document."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from schemas.dead_letter import Reason
from schemas.kpis import Alert, Benchmark, Kpi
from schemas.words import Tier, Unit, Window
from streams.engine.kpis.folding import Fold
from streams.engine.kpis.points import Kind
from streams.engine.kpis.verdicts import Verdict
from streams.letters.watching import State

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
WHOLE: Final[Schema] = {"type": "integer"}
YES_OR_NO: Final[Schema] = {"type": "boolean"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
LABELS: Final[Schema] = {"type": "object", "additionalProperties": TEXT}


def either(schema: Schema) -> Schema:
    """That, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def many(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def one_of(known: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(known)}


def fields(**properties: Schema) -> Schema:
    """An object with all of these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _of_model(model: Any, *names: str) -> dict[str, Schema]:
    """The fields of a model of the catalog."""
    found: dict[str, Schema] = model.model_json_schema(mode="serialization")["properties"]
    return {name: found[name] for name in names}


_PLACE: Final = {"kpi": TEXT, "gauge": TEXT, "labels": LABELS}
_HEAD: Final = {
    "as_of": either(TIME),
    "newest_event": either(TIME),
    "stale": many(fields(partition=WHOLE, reason=TEXT)),
}
_BENCHMARK: Final = either(fields(**_of_model(Benchmark, "low", "high", "source", "date")))
_BOUNDS: Final = {"lower": either(NUMBER), "upper": either(NUMBER)}

READING: Final = fields(
    **_PLACE,
    window=one_of(get_args(Window)),
    dimension=TEXT,
    member=TEXT,
    value=either(NUMBER),
    numerator=either(WHOLE),
    denominator=either(WHOLE),
    samples=either(WHOLE),
    previous=either(NUMBER),
    compared=either(NUMBER),
    change=either(NUMBER),
    previous_samples=either(WHOLE),
    compared_samples=either(WHOLE),
    margin=either(NUMBER),
    **_BOUNDS,
    verdict=one_of(get_args(Verdict)),
    fold=either(one_of(get_args(Fold))),
    target=either(NUMBER),
    guardrails=many(fields(kpi=TEXT, breached=YES_OR_NO, sentence=either(TEXT))),
)
SERIES: Final = fields(
    gauge=TEXT,
    labels=LABELS,
    name=TEXT,
    unit=one_of(get_args(Unit)),
    windows=many(one_of(get_args(Window))),
    formula=TEXT,
    state_final=YES_OR_NO,
    open_measure=either(TEXT),
)
ALERT: Final = fields(
    name=TEXT,
    gauge=TEXT,
    **{"for": TEXT},
    **_of_model(Alert, "labels", "windows", "warn", "critical", "clear", "min_samples", "judge"),
)
KPI: Final = fields(
    kpi=TEXT,
    **_of_model(Kpi, "title", "group", "goal", "owner", "unit", "good", "target", "windows", "dimensions"),
    **_of_model(Kpi, "note", "counts", "leaves_out", "differs"),
    benchmark=_BENCHMARK,
    series=many(ref("Series")),
    guardrails=many(fields(kpi=TEXT, why=TEXT)),
    guards=many(TEXT),
    alerts=many(ref("Alert")),
)
CATALOG: Final = fields(
    currency=TEXT,
    time_zone=TEXT,
    groups=many(fields(id=TEXT, title=TEXT)),
    windows=many(one_of(get_args(Window))),
    window_seconds={"type": "object", "additionalProperties": NUMBER},
    dimensions=many(fields(name=TEXT, of=either(many(TEXT)))),
    kpis=many(ref("Kpi")),
)
READINGS: Final = fields(**_HEAD, troubles=many(TEXT), readings=many(ref("Reading")))
CHANGES: Final = fields(
    **_HEAD,
    troubles=many(TEXT),
    gone=many(
        fields(gauge=TEXT, labels=LABELS, window=one_of(get_args(Window)), dimension=TEXT, member=TEXT)
    ),
    readings=many(ref("Reading")),
)
ONE_KPI: Final = fields(**_HEAD, troubles=many(TEXT), kpi=ref("Kpi"), readings=many(ref("Reading")))
POINTS: Final = fields(
    **_PLACE,
    dimension=TEXT,
    member=TEXT,
    unit=one_of(get_args(Unit)),
    kind=one_of(get_args(Kind)),
    span=one_of(get_args(Window)),
    step=one_of(get_args(Tier)),
    running=YES_OR_NO,
    times=many(WHOLE),
    values=many(either(NUMBER)),
    lower=many(either(NUMBER)),
    upper=many(either(NUMBER)),
    samples=many(either(WHOLE)),
)
CHART: Final = fields(
    as_of=TIME, span=one_of(get_args(Window)), step=one_of(get_args(Tier)), series=many(ref("Points"))
)
_PANES: Final = many(fields(start=TEXT, value=NUMBER))
OPERAND: Final = fields(
    text=TEXT,
    measure=TEXT,
    value=either(TEXT),
    samples=either(WHOLE),
    running_total=either(WHOLE),
    panes=fields(tier=either(one_of(get_args(Tier))), number=WHOLE, largest=_PANES, last=_PANES),
)
_EXPLAINED: Final = {
    **_PLACE,
    "window": one_of(get_args(Window)),
    "dimension": TEXT,
    "member": TEXT,
    "unit": one_of(get_args(Unit)),
    "start": TIME,
    "end": TIME,
    "formula": TEXT,
    "filled": TEXT,
    "value": either(NUMBER),
    "numerator": either(WHOLE),
    "denominator": either(WHOLE),
    "samples": either(WHOLE),
    **_BOUNDS,
    "previous": either(NUMBER),
    "change": either(NUMBER),
    "verdict": either(TEXT),
    "would_change": either(TEXT),
    "measures": many(ref("Operand")),
    "references": many(ref("Explained")),
}
EXPLAINED: Final = fields(**_EXPLAINED)
EXPLANATION: Final = fields(
    as_of=TIME,
    **_EXPLAINED,
    target=either(NUMBER),
    benchmark=_BENCHMARK,
    guardrails=many(
        fields(
            kpi=TEXT,
            why=TEXT,
            tolerance=NUMBER,
            value=either(NUMBER),
            previous=either(NUMBER),
            change=either(NUMBER),
            sentence=either(TEXT),
        )
    ),
    definition=fields(**_of_model(Kpi, "title", "goal", "note", "counts", "leaves_out", "differs")),
)
WAITING: Final = fields(
    as_of=TIME,
    measure=TEXT,
    older_seconds=NUMBER,
    number=WHOLE,
    waiting=many(
        fields(id=TEXT, fields=LABELS, since=TIME, age_seconds=NUMBER, link=either({**TEXT, "format": "uri"}))
    ),
    ages=many(fields(from_seconds=NUMBER, to_seconds=either(NUMBER), number=WHOLE)),
)
FRESHNESS: Final = fields(
    **_HEAD,
    lag_seconds={"type": "object", "additionalProperties": NUMBER},
    sources=many(fields(source=TEXT, newest_event=TIME, age_seconds=NUMBER)),
)
_LETTER: Final = fields(
    id=TEXT,
    time=either(TIME),
    field=either(TEXT),
    type=either(TEXT),
    source=either(TEXT),
    message=TEXT,
    event={"type": ["object", "string"]},
    replayed_at=either(TIME),
)
DEAD_LETTERS: Final = fields(
    as_of=TIME,
    state=one_of(get_args(State)),
    trouble=either(TEXT),
    topic=TEXT,
    number=WHOLE,
    complete=YES_OR_NO,
    others=WHOLE,
    hours=many(TIME),
    reasons=many(
        fields(
            reason=one_of(get_args(Reason)),
            number=WHOLE,
            replayed=WHOLE,
            first=either(TIME),
            last=either(TIME),
            hours=many(WHOLE),
            types=many(fields(type=either(TEXT), number=WHOLE)),
            samples=many(_LETTER),
        )
    ),
)
HEALTH: Final = fields(alive={"const": True})
READY: Final = fields(ready=YES_OR_NO, reasons=many(TEXT))
BAD_PARAMETER: Final = fields(error=TEXT, parameter=TEXT, known=many(TEXT))
ERROR: Final = fields(error=TEXT)

COMPONENTS: Final[Mapping[str, Schema]] = {
    "Reading": READING,
    "Readings": READINGS,
    "Changes": CHANGES,
    "Series": SERIES,
    "Alert": ALERT,
    "Kpi": KPI,
    "Catalog": CATALOG,
    "OneKpi": ONE_KPI,
    "Points": POINTS,
    "Chart": CHART,
    "Operand": OPERAND,
    "Explained": EXPLAINED,
    "Explanation": EXPLANATION,
    "Waiting": WAITING,
    "DeadLetters": DEAD_LETTERS,
    "Freshness": FRESHNESS,
    "Health": HEALTH,
    "Ready": READY,
    "BadParameter": BAD_PARAMETER,
    "Error": ERROR,
}
