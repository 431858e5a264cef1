"""A JSON Schema per event type: what may stand in `data`, with the dimensions of the catalog."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from schemas.events import Data
from streams.engine.decode import MAX_MEMBER
from streams.engine.plan import Plan

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
DIRECTORY: Final = "schemas/json"
_NOTICE: Final = "DO NOT EDIT: made by `kpi generate asyncapi` from schemas/events and the catalog."

Schema = dict[str, Any]


class _Untitled(GenerateJsonSchema):
    """A field's name needs no title that says the same."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_of(model: type[BaseModel]) -> Schema:
    """The JSON Schema of a model, by which what the model refuses for its form is refused."""
    return model.model_json_schema(schema_generator=_Untitled)


def data_schemas(plan: Plan) -> dict[str, Schema]:
    """Event type -> the schema of its data."""
    return {type_: _data_schema(model, plan) for type_, model in plan.types.items()}


def texts(plan: Plan) -> dict[str, str]:
    """Path -> text of one file per event type."""
    return {f"{DIRECTORY}/{type_}.json": _text(schema) for type_, schema in data_schemas(plan).items()}


def _data_schema(model: type[Data], plan: Plan) -> Schema:
    schema = schema_of(model)
    for name, dimension in plan.catalog.dimensions.items():
        if dimension.of is None:  # a pair is made of others, no field
            schema["properties"].setdefault(name, _member(name))
    return {"title": model.TYPE, **{key: part for key, part in schema.items() if key != "title"}}


def _member(dimension: str) -> Schema:
    text = {"type": "string", "maxLength": MAX_MEMBER}
    return {
        "anyOf": [text, {"type": "null"}],
        "default": None,
        "description": f"The dimension `{dimension}` of the catalog.",
    }


def _text(schema: Mapping[str, Any]) -> str:
    return (
        json.dumps({"$schema": DIALECT, "$comment": _NOTICE, **schema}, indent=2, ensure_ascii=False) + "\n"
    )
