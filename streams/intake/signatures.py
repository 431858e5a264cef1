"""Whose request it is: the vendors' signatures over the raw bytes, and bearer tokens.

Each function makes a `Check` (streams.intake.requests) of the secrets that are valid now, several while one
is exchanged. All of them are tried, and compared in constant time. A request that does not prove whose it is
raises `Unsigned`, whatever stands in its headers; nothing else is raised.

What is signed stands side by side with nothing between: METHOD + URI + body + timestamp, or timestamp + body.
No bytes can be moved over these borders: a timestamp has one form, and JSON that is of use to anybody begins
and ends with a bracket.
"""

import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

from streams.intake.requests import Check, Request, Unsigned

TOLERANCE_MS: Final = 300_000
"""The vendors' own five minutes, both ways: a clock may be ahead as well as behind."""
REASONS: Final = ("missing", "repeated", "malformed", "too_old", "too_new", "legacy", "mismatch")
"""Why a request is refused: no signature, two, one of another form, its time, HubSpot's old ones, wrong."""

_BASE64_OF_SHA256: Final = re.compile(r"[A-Za-z0-9+/]{43}=")
_HEX_OF_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_ISO_8601: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_BEARER: Final = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)
_LONGEST: Final = 4_096
"""Characters of a header that is looked at."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Digest = Callable[[bytes], bytes]
"""Of a secret: the signature that it makes of the request."""


# -- HubSpot ----------------------------------------------------------------------------------------------

# https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
_DECODED_BY_HUBSPOT: Final = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def hubspot(secrets: Sequence[str], *, legacy: bool = False) -> Check:
    """Version 3, which holds address, body and time.

    With `legacy` the versions 1 and 2, too, when a request has no version 3. They hold no time: a request
    that somebody has recorded passes for ever, and whoever has one can leave version 3 away. The same events
    twice change nothing; but version 1 does not even hold the address. Both are a plain SHA-256 that begins
    with the secret, so bytes can be appended by whoever has a signature; the first of them is 0x80, which
    stands in no JSON.
    """

    def check(request: Request, now_ms: int) -> None:
        if _header(request, "X-HubSpot-Signature-v3") is not None:
            _check_hubspot_3(request, now_ms, secrets)
        elif _header(request, "X-HubSpot-Signature") is None:
            _refuse("missing", "there is no header X-HubSpot-Signature-v3")
        elif legacy:
            _check_hubspot_legacy(request, secrets)
        else:
            _refuse("legacy", "only X-HubSpot-Signature is there, which holds no time; version 3 is wanted")

    return check


def _check_hubspot_3(request: Request, now_ms: int, secrets: Sequence[str]) -> None:
    given = _of_form(request, "X-HubSpot-Signature-v3", _BASE64_OF_SHA256)
    timestamp = _of_form(request, "X-HubSpot-Request-Timestamp", _NUMBER)
    _check_time(int(timestamp), now_ms)
    url = _DECODED_BY_HUBSPOT.sub(lambda found: chr(int(found[1], 16)), request.url)
    signed = _bytes(request.method + url) + request.body + _bytes(timestamp)
    _check_any([given], secrets, lambda secret: _base64(_hmac(secret, signed)))


def _check_hubspot_legacy(request: Request, secrets: Sequence[str]) -> None:
    given = _of_form(request, "X-HubSpot-Signature", _HEX_OF_SHA256)
    version = _required(request, "X-HubSpot-Signature-Version")
    if version not in ("v1", "v2"):
        _refuse("malformed", "X-HubSpot-Signature-Version is neither v1 nor v2")
    address = _bytes(request.method + request.url) if version == "v2" else b""
    signed = address + request.body
    _check_any([given], secrets, lambda secret: _hex(hashlib.sha256(secret + signed).digest()))


# -- Zendesk, Stripe --------------------------------------------------------------------------------------


def zendesk(secrets: Sequence[str]) -> Check:
    """https://developer.zendesk.com/documentation/webhooks/verifying/"""

    def check(request: Request, now_ms: int) -> None:
        given = _of_form(request, "X-Zendesk-Webhook-Signature", _BASE64_OF_SHA256)
        timestamp = _of_form(request, "X-Zendesk-Webhook-Signature-Timestamp", _ISO_8601)
        _check_time(_iso_ms(timestamp), now_ms)
        signed = _bytes(timestamp) + request.body
        _check_any([given], secrets, lambda secret: _base64(_hmac(secret, signed)))

    return check


def stripe(secrets: Sequence[str]) -> Check:
    """https://docs.stripe.com/webhooks: one of several v1 has to fit; v0 belongs to test events."""

    def check(request: Request, now_ms: int) -> None:
        parts = [part.partition("=") for part in _required(request, "Stripe-Signature").split(",")]
        times = [value for name, _, value in parts if name == "t"]
        given = [value for name, _, value in parts if name == "v1"]
        if len(times) != 1 or not _NUMBER.fullmatch(times[0]):
            _refuse("malformed", "Stripe-Signature has no single t=, seconds since 1970")
        if not given or not all(map(_HEX_OF_SHA256.fullmatch, given)):
            _refuse("malformed", "Stripe-Signature has no v1= of 64 hexadecimal digits")
        _check_time(int(times[0]) * 1000, now_ms)
        signed = _bytes(f"{times[0]}.") + request.body
        _check_any(given, secrets, lambda secret: _hex(_hmac(secret, signed)))

    return check


# -- Bearer tokens ----------------------------------------------------------------------------------------


def bearer(tokens: Sequence[str]) -> Check:
    """`Authorization: Bearer ...`: RFC 6750. A token holds neither body nor time; TLS has to keep it."""

    def check(request: Request, now_ms: int) -> None:
        given = _BEARER.fullmatch(_required(request, "Authorization"))
        if given is None:
            _refuse("malformed", "Authorization is not: Bearer, a space and the token")
        _check_any(
            [_sha256(_bytes(given[1])).decode()], tokens, _sha256
        )  # of equal length, whatever they are

    return check


# -- What the headers hold --------------------------------------------------------------------------------


def _header(request: Request, name: str) -> str | None:
    """A header in any case of its name; two of them are refused, for others may read the other one."""
    wanted = name.lower()
    found = [value for key, value in request.headers.items() if key.lower() == wanted]
    if len(found) > 1:
        _refuse("repeated", f"the header {name} is there more than once")
    if found and len(found[0]) > _LONGEST:
        _refuse("malformed", f"the header {name} is longer than {_LONGEST} characters")
    return found[0] if found else None


def _required(request: Request, name: str) -> str:
    value = _header(request, name)
    return _refuse("missing", f"there is no header {name}") if value is None else value


def _of_form(request: Request, name: str, form: re.Pattern[str]) -> str:
    value = _required(request, name)
    return value if form.fullmatch(value) else _refuse("malformed", f"the header {name} is not of its form")


def _iso_ms(timestamp: str) -> int:
    try:
        return (datetime.fromisoformat(timestamp) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):  # such as 30 February
        return _refuse("malformed", "the timestamp is no time")


def _check_time(signed_ms: int, now_ms: int) -> None:
    if signed_ms < now_ms - TOLERANCE_MS:
        _refuse("too_old", f"signed {(now_ms - signed_ms) // 1000} s ago; it is too late after 300 s")
    if signed_ms > now_ms + TOLERANCE_MS:
        _refuse("too_new", f"signed {(signed_ms - now_ms) // 1000} s ahead of our clock; it may be 300 s")


# -- Comparing --------------------------------------------------------------------------------------------


def _check_any(given: Iterable[str], secrets: Sequence[str], digest: Digest) -> None:
    """One of the signatures is that of one of the secrets. All are compared, whichever fits.

    They are compared as text: of base64 there is more than one way to write the same bytes.
    """
    expected = [digest(_bytes(secret)) for secret in secrets]
    fits = [hmac.compare_digest(_bytes(one), other) for one in given for other in expected]
    if not any(fits):
        _refuse("mismatch", "no secret of ours gives this signature; was the body or the address altered?")


def _hmac(secret: bytes, signed: bytes) -> bytes:
    return hmac.digest(secret, signed, "sha256")


def _sha256(token: bytes) -> bytes:
    return _hex(hashlib.sha256(token).digest())


def _base64(digest: bytes) -> bytes:
    return binascii.b2a_base64(digest, newline=False)


def _hex(digest: bytes) -> bytes:
    return binascii.hexlify(digest)


def _bytes(text: str) -> bytes:
    """UTF-8; what came as no text at all (surrogates) stays as different as it came."""
    return text.encode("utf-8", "surrogatepass")


def _refuse(reason: str, message: str) -> NoReturn:
    raise Unsigned(reason, message)
