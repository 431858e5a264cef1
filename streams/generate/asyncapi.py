"""One AsyncAPI 3 document: what may be sent to the worker, in both modes of CloudEvents, and what it sends.

channel crm.events         <type>           structured: the whole CloudEvent is the record's value
                           <type>.binary    binary: attributes are headers, the value is `data`
channel crm.dead-letters   dead-letter      what could not be counted, with the reason
                           replayed         that a dead letter was published again
"""

from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML

from schemas.dead_letter import DeadLetter, Replayed
from schemas.events import Data, Envelope
from streams.engine.plan import Plan
from streams.generate import json_schemas
from streams.generate.json_schemas import Schema, data_schemas, schema_of
from streams.naming import DEAD_LETTERS_TOPIC, EVENTS_TOPIC

PATH: Final = "docs/asyncapi.yaml"
VERSION: Final = "1.0.0"
"""Of the contract: the first number is the one at the end of an event's `dataschema`."""
_NOTICE: Final = "# DO NOT EDIT: made by `kpi generate asyncapi` from schemas/events and the catalog.\n"
_KAFKA: Final = "0.5.0"
"""Version of the Kafka bindings."""
_STRUCTURED: Final = "application/cloudevents+json"
_EVENTS, _DEAD_LETTERS, _DEAD_LETTER, _REPLAYED = "events", "deadLetters", "dead-letter", "replayed"

Part = dict[str, Any]


def texts(plan: Plan) -> dict[str, str]:
    """Path -> text: the document, and a JSON Schema per event type."""
    out = StringIO()
    yaml = YAML()
    yaml.representer.ignore_aliases = lambda data: True
    yaml.width = 110
    yaml.dump(document(plan), out)
    return {PATH: _NOTICE + out.getvalue(), **json_schemas.texts(plan)}


def document(plan: Plan) -> Part:
    """The document as data."""
    messages = {name: message for model in plan.types.values() for name, message in _messages(model).items()}
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": _STRUCTURED,
        "channels": {
            _EVENTS: _channel(EVENTS_TOPIC, "Events of a CRM, one record key per relationship.", messages),
            _DEAD_LETTERS: _channel(
                DEAD_LETTERS_TOPIC,
                "Records that could not be counted.",
                [_DEAD_LETTER, _REPLAYED],
                topicConfiguration={"cleanup.policy": ["compact"]},
            ),
        },
        "operations": {
            "receiveEvents": _operation("receive", _EVENTS, "The worker counts what it receives."),
            "sendDeadLetters": _operation("send", _DEAD_LETTERS, "What it cannot count it sends, whole."),
        },
        "components": {
            "schemas": _schemas(plan),
            "messages": {**messages, _DEAD_LETTER: _dead_letter(), _REPLAYED: _replayed()},
        },
    }


def _info() -> Part:
    return {
        "title": "CRM events",
        "version": VERSION,
        "description": "CloudEvents 1.0, JSON. Amounts are whole minor units. Unknown fields are ignored.",
        "license": {"name": "Apache-2.0"},
    }


def _channel(topic: str, description: str, messages: Any, **binding: Any) -> Part:
    return {
        "address": topic,
        "description": description,
        "messages": {name: _ref("messages", name) for name in messages},
        "bindings": {"kafka": {"topic": topic, **binding, "bindingVersion": _KAFKA}},
    }


def _operation(action: str, channel: str, summary: str) -> Part:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _ref(section: str, name: str) -> Part:
    return {"$ref": f"#/components/{section}/{name}"}


# -- Messages ---------------------------------------------------------------------------------------------


def _messages(model: type[Data]) -> dict[str, Part]:
    """The two ways to send an event of one type."""
    type_, data = model.TYPE, _ref("schemas", model.TYPE)
    said = {"type": {"const": type_}, "data": data}
    structured = {"type": "object", "required": ["type", "data"], "properties": said}
    header = {"type": "object", "required": ["ce_type"], "properties": {"ce_type": {"const": type_}}}
    return {
        type_: {
            **_named(model, "structured mode"),
            "contentType": _STRUCTURED,
            "payload": {"allOf": [_ref("schemas", "CloudEvent"), structured]},
            "bindings": _key(model),
        },
        f"{type_}.binary": {
            **_named(model, "binary mode"),
            "contentType": "application/json",
            "headers": {"allOf": [_ref("schemas", "CloudEventHeaders"), header]},
            "payload": data,
            "bindings": _key(model),
        },
    }


def _named(model: type[Data], mode: str) -> Part:
    return {"name": model.TYPE, "title": f"{model.TYPE}, {mode}"}


def _key(model: type[Data]) -> Part:
    fields = ", ".join(f"data.{field}" for field in model.key_fields())
    key = {"type": "string", "description": f"The first that has a value of: partitionkey, {fields}."}
    return {"kafka": {"key": key, "bindingVersion": _KAFKA}}


def _dead_letter() -> Part:
    key = "topic/partition/offset of the record."
    return _of_letters(_DEAD_LETTER, "A record that could not be counted", "DeadLetter", key)


def _replayed() -> Part:
    key = "That of the dead letter, with /replayed behind it."
    return _of_letters(_REPLAYED, "A dead letter was published again", "Replayed", key)


def _of_letters(name: str, title: str, schema: str, key_words: str) -> Part:
    key = {"type": "string", "description": key_words}
    return {
        "name": name,
        "title": title,
        "contentType": "application/json",
        "payload": _ref("schemas", schema),
        "bindings": {"kafka": {"key": key, "bindingVersion": _KAFKA}},
    }


# -- Schemas ----------------------------------------------------------------------------------------------


def _schemas(plan: Plan) -> dict[str, Schema]:
    return {
        "CloudEvent": schema_of(Envelope),
        "CloudEventHeaders": _headers(),
        "DeadLetter": _draft_07(schema_of(DeadLetter)),
        "Replayed": schema_of(Replayed),
        **data_schemas(plan),
    }


def _headers() -> Schema:
    """The envelope's attributes as headers."""
    envelope = schema_of(Envelope)
    return {
        "type": "object",
        "required": [f"ce_{name}" for name in envelope["required"]],
        "properties": {f"ce_{name}": schema for name, schema in envelope["properties"].items()},
    }


def _draft_07(schema: Any) -> Any:
    """As AsyncAPI reads schemas: the items of a tuple are called otherwise there."""
    if isinstance(schema, list):
        return [_draft_07(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {"items" if key == "prefixItems" else key: _draft_07(part) for key, part in schema.items()}
