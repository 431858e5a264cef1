"""The mapping in force: the file that KPI_INTAKE_MAPPING names, or the shipped one."""

from dataclasses import dataclass
from importlib import resources

from schemas.documents import Lines
from schemas.intake import Intake, parse
from streams.errors import MappingError, SettingsError
from streams.settings import Settings


def mapping_text(settings: Settings) -> tuple[str, str]:
    """(text, name); SettingsError when the file cannot be read."""
    if settings.intake_mapping is None:
        return resources.files("schemas").joinpath("intake.yaml").read_text(encoding="utf-8"), "intake.yaml"
    path = settings.intake_mapping
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


@dataclass(frozen=True, slots=True)
class ReadMapping:
    """A mapping, and where in the file called `source` it stands."""

    intake: Intake
    lines: Lines
    source: str


def read_mapping(text: str, source: str) -> ReadMapping:
    """Parse the mapping text of `source`; MappingError lists what is wrong with it."""
    parsed = parse(text)
    if parsed.intake is None:
        raise MappingError(source, parsed.problems)
    return ReadMapping(parsed.intake, parsed.lines, source)
