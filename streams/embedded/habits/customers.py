"""Customers: how long they stay, why they leave, and whether they return."""

from typing import Any

from streams.embedded.habits.hours import AWAKE
from streams.embedded.world import DAY_MS, HOUR_MS, Delay, Odds

ACTIVATION = Delay(3 * HOUR_MS, 1.0)
LIFETIME = Delay(500 * DAY_MS, 0.9)
CHURNS: Odds[dict[str, Any]] = Odds(
    (0.30, {"churn_kind": "voluntary", "reason": "price"}),
    (0.18, {"churn_kind": "voluntary", "reason": "missing_feature"}),
    (0.14, {"churn_kind": "voluntary", "reason": "competitor"}),
    (0.26, {"churn_kind": "involuntary", "reason": "payment_failed"}),
    (0.12, {"churn_kind": "unknown"}),
)
RETURNS = 0.25
RETURN = Delay(18 * DAY_MS, 0.9, AWAKE)
