"""No request passes that no secret of ours has signed."""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from streams.intake import signatures
from streams.intake.requests import Check, Request, Unsigned
from streams.intake.signatures import REASONS
from tests.intake.signing import Headers, bearer, hubspot_1, hubspot_2, hubspot_3, stripe, zendesk

NOW_MS = 1_714_200_000_000
URL = "https://events.example/hubspot?of=crm%3Amain"
BODY = '[{"eventId":100,"propertyValue":"Zürich"}]'.encode()
SECRET, OTHER = "the-secret-of-today", "the-secret-of-yesterday"
ATTACKER = "the-attacker-s-secret"


class Scheme(NamedTuple):
    """A vendor's signature: the check, and what the vendor sends, both of secrets."""

    check: Callable[..., Check]
    sign: Callable[[Request, str, int], Headers]


def test_the_shipped_reasons_are_a_closed_set() -> None:
    assert len(set(REASONS)) == len(REASONS)


def hubspot_legacy(secrets: tuple[str, ...]) -> Check:
    return signatures.hubspot(secrets, legacy=True)


SCHEMES = {
    "hubspot v3": Scheme(signatures.hubspot, hubspot_3),
    "hubspot v2": Scheme(hubspot_legacy, hubspot_2),
    "hubspot v1": Scheme(hubspot_legacy, hubspot_1),
    "zendesk": Scheme(signatures.zendesk, zendesk),
    "stripe": Scheme(signatures.stripe, stripe),
    "bearer": Scheme(signatures.bearer, bearer),
}
WITH_TIME = ("hubspot v3", "zendesk", "stripe")
OF_THE_BODY = [name for name in SCHEMES if name != "bearer"]

every = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
timed = pytest.mark.parametrize("scheme", [SCHEMES[name] for name in WITH_TIME], ids=WITH_TIME)
of_the_body = pytest.mark.parametrize("scheme", [SCHEMES[name] for name in OF_THE_BODY], ids=OF_THE_BODY)


def unsigned(body: bytes = BODY, headers: Mapping[str, str] | None = None) -> Request:
    return Request("POST", URL, headers or {}, body)


def signed(scheme: Scheme, secret: str = SECRET, at_ms: int = NOW_MS, body: bytes = BODY) -> Request:
    request = unsigned(body)
    return replace(request, headers=scheme.sign(request, secret, at_ms))


def refusal(check: Check, request: Request, now_ms: int = NOW_MS) -> str:
    with pytest.raises(Unsigned) as refused:
        check(request, now_ms)
    assert refused.value.reason in REASONS
    return refused.value.reason


# -- What passes ------------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_what_either_secret_of_a_rotation_has_signed_passes(scheme: Scheme, secret: str) -> None:
    scheme.check((SECRET, OTHER))(signed(scheme, secret), NOW_MS)
    scheme.check((OTHER, SECRET))(signed(scheme, secret), NOW_MS)


@every
def test_the_names_of_headers_are_read_in_any_case(scheme: Scheme) -> None:
    request = signed(scheme)
    for case in (str.lower, str.upper):
        named = {case(name): value for name, value in request.headers.items()}
        scheme.check((SECRET,))(replace(request, headers=named), NOW_MS)
        scheme.check((SECRET,))(replace(request, headers=CIMultiDict(named)), NOW_MS)


@every
def test_a_body_that_is_no_text_can_be_signed(scheme: Scheme) -> None:
    for body in (b"", b"\xff\x00\xfe"):
        scheme.check((SECRET,))(signed(scheme, body=body), NOW_MS)


@timed
@pytest.mark.parametrize("skew_s", [-300, 0, 300])
def test_a_clock_may_be_off_by_five_minutes_both_ways(scheme: Scheme, skew_s: int) -> None:
    scheme.check((SECRET,))(signed(scheme, at_ms=NOW_MS + skew_s * 1000), NOW_MS)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_word_bearer_is_read_in_any_case(scheme: str) -> None:
    signatures.bearer((SECRET,))(unsigned(headers={"Authorization": f"{scheme} {SECRET}"}), NOW_MS)


def test_one_of_several_signatures_of_stripe_is_enough() -> None:
    good = signed(SCHEMES["stripe"]).headers["Stripe-Signature"]
    time, right, _ = good.split(",")
    wrong = f"v1={'0' * 64}"
    for order in ([time, wrong, right], [time, right, wrong], [right, time], ["x=y", time, right, "v0=1"]):
        request = unsigned(headers={"Stripe-Signature": ",".join(order)})
        signatures.stripe((SECRET,))(request, NOW_MS)


def test_the_documented_examples_of_hubspot_pass() -> None:
    secret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
    first = Request(
        "POST",
        "https://anything.example/",
        {
            "X-HubSpot-Signature-Version": "v1",
            "X-HubSpot-Signature": "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
        },
        b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
        b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM",'
        b'"changeFlag":"NEW","appId":54321}]',
    )
    second = Request(
        "POST",
        "https://www.example.com/webhook_uri",
        {
            "X-HubSpot-Signature-Version": "v2",
            "X-HubSpot-Signature": "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900",
        },
        b'{"example_field":"example_value"}',
    )
    for request in (first, second):
        hubspot_legacy((secret,))(request, NOW_MS)


@pytest.mark.parametrize(
    "encoded", ["%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B", "%3a%2f%3f%40%21%24%27%28%29%2a%2c%3b"]
)
def test_hubspot_signs_the_address_with_these_characters_decoded(encoded: str) -> None:
    url = "https://events.example/hubspot?q="
    plain = Request("POST", f"{url}:/?@!$'()*,;", {}, BODY)
    headers = hubspot_3(plain, SECRET, NOW_MS)
    signatures.hubspot((SECRET,))(replace(plain, url=url + encoded, headers=headers), NOW_MS)
    for other in ("%20", "%25", "%3D", "%26"):
        kept = replace(plain, url=url + other)
        signatures.hubspot((SECRET,))(replace(kept, headers=hubspot_3(kept, SECRET, NOW_MS)), NOW_MS)


def test_zendesk_s_time_may_have_a_fraction_and_an_offset() -> None:
    for time in ("2024-04-27T06:40:00Z", "2024-04-27T06:40:00.123Z", "2024-04-27T08:40:00+02:00"):
        digest = hmac.digest(SECRET.encode(), time.encode() + BODY, "sha256")
        headers = {
            "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": time,
        }
        signatures.zendesk((SECRET,))(unsigned(headers=headers), NOW_MS)


# -- What does not ----------------------------------------------------------------------------------------


@every
def test_nothing_passes_without_a_secret_of_ours(scheme: Scheme) -> None:
    assert refusal(scheme.check((SECRET, OTHER)), signed(scheme, ATTACKER)) == "mismatch"
    assert refusal(scheme.check(()), signed(scheme)) == "mismatch"
    assert refusal(scheme.check((SECRET,)), unsigned()) == "missing"


@of_the_body
def test_every_flipped_bit_of_the_body_is_found(scheme: Scheme) -> None:
    request = signed(scheme)
    for bit in range(len(BODY) * 8):
        altered = bytearray(BODY)
        altered[bit // 8] ^= 1 << bit % 8
        assert refusal(scheme.check((SECRET,)), replace(request, body=bytes(altered))) == "mismatch"


@of_the_body
def test_a_longer_and_a_shorter_body_are_found(scheme: Scheme) -> None:
    request = signed(scheme)
    for body in (BODY + b" ", BODY[:-1], BODY * 2, b""):
        assert refusal(scheme.check((SECRET,)), replace(request, body=body)) == "mismatch"


@every
def test_every_flipped_bit_of_a_header_is_found(scheme: Scheme) -> None:
    """But for the letters' case in the word Bearer and for what Stripe's header says beside t and v1."""
    request = signed(scheme)
    for name, value in request.headers.items():
        for at in range(len("Bearer ") if scheme.sign is bearer else 0, len(value.partition(",v0")[0])):
            for bit in range(7):
                flipped = value[:at] + chr(ord(value[at]) ^ 1 << bit) + value[at + 1 :]
                headers = {**request.headers, name: flipped}
                refusal(scheme.check((SECRET,)), replace(request, headers=headers))


@pytest.mark.parametrize("name", ["hubspot v3", "hubspot v2"])
def test_the_address_and_the_method_are_signed(name: str) -> None:
    scheme = SCHEMES[name]
    request = signed(scheme)
    for altered in (replace(request, method="PUT"), replace(request, url=URL.replace("events", "other"))):
        assert refusal(scheme.check((SECRET,)), altered) == "mismatch"


@timed
@pytest.mark.parametrize(("skew_s", "reason"), [(-302, "too_old"), (302, "too_new"), (-(10**8), "too_old")])
def test_what_was_signed_at_another_time_is_refused(scheme: Scheme, skew_s: int, reason: str) -> None:
    assert refusal(scheme.check((SECRET,)), signed(scheme, at_ms=NOW_MS + skew_s * 1000)) == reason


@timed
def test_a_recorded_request_with_a_new_time_is_refused(scheme: Scheme) -> None:
    later = NOW_MS + 3_600_000
    recorded, fresh = signed(scheme), scheme.sign(unsigned(), ATTACKER, later)
    if scheme.sign is stripe:
        headers = {"Stripe-Signature": recorded.headers["Stripe-Signature"].replace("t=171420", "t=171421")}
        later = NOW_MS + 10_000_000
    else:
        headers = {name: fresh[name] if "Timestamp" in name else recorded.headers[name] for name in fresh}
    assert refusal(scheme.check((SECRET,)), replace(recorded, headers=headers), later) == "mismatch"


@every
def test_a_header_that_is_there_twice_is_refused(scheme: Scheme) -> None:
    request = signed(scheme)
    for name, value in request.headers.items():
        twice = CIMultiDict(request.headers)
        twice.add(name, value)
        assert refusal(scheme.check((SECRET,)), replace(request, headers=twice)) == "repeated"
        both = {**request.headers, name.swapcase(): value}
        assert refusal(scheme.check((SECRET,)), replace(request, headers=both)) == "repeated"


@every
def test_a_header_that_is_away_is_missing(scheme: Scheme) -> None:
    request = signed(scheme)
    for name in request.headers:
        rest = {other: value for other, value in request.headers.items() if other != name}
        assert refusal(scheme.check((SECRET,)), replace(request, headers=rest)) == "missing"


HOSTILE = [
    "",
    " ",
    "é" * 44,
    "\udcff\udc80",
    "\ud800",
    "x" * 100_000,
    "=" * 44,
    "A" * 43 + "=\n",
    "٣" * 13,
    "１" * 10,
    "0" * 5_000,
    "9" * 15,
    "-1",
    "1e9",
    "0x10",
    "inf",
    "2024-02-30T10:00:00Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2024-01-01T00:00:00+99:99",
    "t=1",
    "v1=" + "0" * 64,
    "t=1,t=1,v1=" + "0" * 64,
    "t=" + "1" * 4_000 + ",v1=" + "0" * 64,
    "," * 4_000,
    "Bearer",
    "Bearer ",
    "Basic dXNlcjpwYXNz",
    "Bearer a b",
]


@every
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_headers_are_refused_and_nothing_else_is_raised(scheme: Scheme, value: str) -> None:
    request = signed(scheme)
    for name in request.headers:
        refusal(scheme.check((SECRET,)), replace(request, headers={**request.headers, name: value}))


def test_another_spelling_of_the_same_base64_is_refused() -> None:
    """The last character before = has two bits that no byte is made of."""
    scheme = SCHEMES["zendesk"]
    request = signed(scheme)
    value = request.headers["X-Zendesk-Webhook-Signature"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = value[:-2] + alphabet[alphabet.index(value[-2]) ^ 1] + "="
    assert base64.b64decode(twin) == base64.b64decode(value)
    headers = {**request.headers, "X-Zendesk-Webhook-Signature": twin}
    assert refusal(scheme.check((SECRET,)), replace(request, headers=headers)) == "mismatch"


# -- HubSpot's old signatures -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hubspot v1", "hubspot v2"])
def test_old_signatures_are_refused_unless_they_are_allowed(name: str) -> None:
    assert refusal(signatures.hubspot((SECRET,)), signed(SCHEMES[name])) == "legacy"


@pytest.mark.parametrize("legacy", [False, True])
def test_a_wrong_version_3_is_not_made_good_by_an_old_signature(legacy: bool) -> None:
    old = signed(SCHEMES["hubspot v1"])
    new = signed(SCHEMES["hubspot v3"], ATTACKER)
    both = replace(old, headers={**old.headers, **new.headers})
    assert refusal(signatures.hubspot((SECRET,), legacy=legacy), both) == "mismatch"
    late = replace(old, headers={**old.headers, **signed(SCHEMES["hubspot v3"], at_ms=0).headers})
    assert refusal(signatures.hubspot((SECRET,), legacy=legacy), late) == "too_old"


def test_a_right_version_3_needs_no_old_signature() -> None:
    new = signed(SCHEMES["hubspot v3"])
    wrong = {"X-HubSpot-Signature": "0" * 64, "X-HubSpot-Signature-Version": "v9"}
    signatures.hubspot((SECRET,))(replace(new, headers={**new.headers, **wrong}), NOW_MS)


# -- Fuzzing ----------------------------------------------------------------------------------------------

NAMES = sorted({name for one in SCHEMES.values() for name in signed(one).headers})
VALUES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(HOSTILE),
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9+/]{43}=", fullmatch=True),
    st.just(str(NOW_MS)),
    st.just("2024-04-27T06:40:00Z"),
    st.sampled_from(["v1", "v2"]),
    st.from_regex(r"t=1714200000(,v[01]=[0-9a-f]{64}){0,3}", fullmatch=True),
    st.from_regex(r"Bearer [!-~]{1,40}", fullmatch=True),
)


@every
@given(
    headers=st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=20), VALUES, max_size=8),
    body=st.binary(max_size=200),
    method=st.text(max_size=8),
    url=st.text(max_size=80),
    now_ms=st.integers(-(10**15), 10**15),
)
def test_nothing_made_up_passes(
    scheme: Scheme, headers: Headers, body: bytes, method: str, url: str, now_ms: int
) -> None:
    refusal(scheme.check((SECRET, OTHER)), Request(method, url, headers, body), now_ms)


@of_the_body
@given(body=st.binary(max_size=200), other=st.binary(max_size=200))
def test_a_signature_is_of_its_own_body_only(scheme: Scheme, body: bytes, other: bytes) -> None:
    request = signed(scheme, body=body)
    scheme.check((SECRET,))(request, NOW_MS)
    if body != other:
        refusal(scheme.check((SECRET,)), replace(request, body=other))


@timed
@given(skew=st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_only_the_time_around_now_passes(scheme: Scheme, skew: timedelta) -> None:
    at_ms = (NOW_MS + int(skew.total_seconds()) * 1000) // 1000 * 1000
    request = signed(scheme, at_ms=at_ms)
    if abs(at_ms - NOW_MS) <= 300_000:
        scheme.check((SECRET,))(request, NOW_MS)
    else:
        assert refusal(scheme.check((SECRET,)), request) in ("too_old", "too_new")
