"""The vendors' signatures as their documentation has them: written anew, for tests that send signed requests.

Each signs a request with a secret at a time, and returns the headers that the vendor sends.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from streams.intake.requests import Request

Headers = dict[str, str]


def hubspot_3(request: Request, secret: str, at_ms: int) -> Headers:
    url = request.url.replace("%3A", ":")
    signed = request.method.encode() + url.encode() + request.body + str(at_ms).encode()
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return {
        "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        "X-HubSpot-Request-Timestamp": str(at_ms),
    }


def hubspot_2(request: Request, secret: str, at_ms: int) -> Headers:
    signed = secret.encode() + request.method.encode() + request.url.encode() + request.body
    return {
        "X-HubSpot-Signature": hashlib.sha256(signed).hexdigest(),
        "X-HubSpot-Signature-Version": "v2",
    }


def hubspot_1(request: Request, secret: str, at_ms: int) -> Headers:
    digest = hashlib.sha256(secret.encode() + request.body).hexdigest()
    return {"X-HubSpot-Signature": digest, "X-HubSpot-Signature-Version": "v1"}


def zendesk(request: Request, secret: str, at_ms: int) -> Headers:
    time = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hmac.new(secret.encode(), time.encode() + request.body, hashlib.sha256).digest()
    return {
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": time,
    }


def stripe(request: Request, secret: str, at_ms: int) -> Headers:
    time = str(at_ms // 1000)
    digest = hmac.new(secret.encode(), time.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={time},v1={digest},v0={'0' * 64}"}


def bearer(request: Request, secret: str, at_ms: int) -> Headers:
    return {"Authorization": f"Bearer {secret}"}
