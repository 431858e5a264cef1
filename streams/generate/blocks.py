"""YAML that people read: texts of several lines as blocks, and nothing folded."""

from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

_FOLDS_NEVER: Final = 1_000_000


def yaml_text(document: Any) -> str:
    """A document as text."""
    yaml, out = YAML(), StringIO()
    yaml.representer.ignore_aliases = lambda data: True
    yaml.width = _FOLDS_NEVER
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(_readable(document), out)
    return out.getvalue()


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _readable(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(child) for child in value]
    if isinstance(value, str) and "\n" in value:
        return LiteralScalarString(value.rstrip("\n"))
    return DoubleQuotedScalarString(value) if value in ("true", "false") else value
