"""What a request says that its body is."""

from collections.abc import Mapping
from typing import Final

from streams.intake.refusals import Refusal

JSON: Final = "application/json"
_UTF_8: Final = ("", "utf-8", "utf8", "us-ascii")


def media_type(headers: Mapping[str, str]) -> str:
    """In small letters, without parameters; empty when it is missing. Refusal for a charset but UTF-8."""
    media, _, parameters = headers.get("Content-Type", "").lower().partition(";")
    charset = dict(part.strip().partition("=")[::2] for part in parameters.split(";")).get("charset", "")
    if charset.strip('"') not in _UTF_8:
        raise Refusal(415, "unsupported", "send JSON in UTF-8")
    return media.strip()


def check_json(headers: Mapping[str, str]) -> None:
    """Refusal unless the body is said to be JSON."""
    media = media_type(headers)
    if media != JSON and not media.endswith("+json"):
        raise Refusal(415, "unsupported", f"Content-Type {media or 'is missing'}: send {JSON}")
