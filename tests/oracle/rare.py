"""What a simulated company does hardly ever, told by hand: each with a customer of its own, early in 2025."""

from tests.oracle.history import (
    activated,
    churned,
    consent,
    cost,
    deal,
    described,
    erasure,
    incident,
    lead,
    paid,
    reference,
    refunded,
    removed,
    subscribed,
    ticket,
    told,
    won,
)

SUBSCRIPTIONS = [
    # Paused at an amount that goes on, and resumed; another one still is.
    activated("2025-01-05", "rare-pause", plan="pro"),
    subscribed("2025-01-05", "rare-pause", 0, 100_00, "started"),
    subscribed("2025-02-10", "rare-pause", 100_00, 100_00, "paused"),
    subscribed("2025-03-20", "rare-pause", 100_00, 130_00, "resumed"),
    subscribed("2025-01-05", "rare-pause", 0, 77_00, "started", subscription_id="second"),
    subscribed("2025-03-01", "rare-pause", 77_00, 77_00, "paused", subscription_id="second"),
    # First seen in the middle of its life.
    subscribed("2025-03-10", "rare-opening", 150_00, 120_00, "contracted"),
    subscribed("2025-03-12", "rare-opening", 120_00, 0, "ended"),
    subscribed("2025-03-15", "rare-opening", 0, 90_00, "started"),
    # Swapped within a second, and two words on one moment.
    subscribed("2025-01-05", "rare-swap", 0, 500_00, "started"),
    subscribed("2025-03-11", "rare-swap", 500_00, 0, "ended"),
    subscribed("2025-03-11", "rare-swap", 0, 600_00, "started", subscription_id="next"),
    subscribed("2025-03-25", "rare-swap", 600_00, 600_00, "expanded", subscription_id="next"),
    subscribed("2025-03-25", "rare-swap", 600_00, 700_00, "expanded", subscription_id="next"),
]

CUSTOMERS = [
    # Both at once, the other way round, and leaving before ever joining.
    activated("2025-01-05", "rare-both"),
    churned("2025-03-08", "rare-both"),
    activated("2025-03-08", "rare-both", plan="basic"),
    activated("2025-03-09", "rare-neither"),
    churned("2025-03-09", "rare-neither"),
    churned("2025-01-01", "rare-stranger", churn_kind="involuntary"),
    activated("2025-03-01", "rare-stranger"),
    # Another plan between two windows, gone from the second.
    activated("2025-01-05", "rare-plan", plan="basic"),
    activated("2025-02-20", "rare-plan", plan="pro"),
    churned("2025-03-22", "rare-plan", churn_kind="unknown"),
    # Several purposes, granted, taken back and granted again by one who is no member for a while.
    activated("2025-01-05", "rare-consent"),
    *(
        consent("2025-01-06", purpose, True, "rare-consent")
        for purpose in ("marketing", "analytics", "unheard_of")
    ),
    consent("2025-02-06", "marketing", False, "rare-consent"),
    churned("2025-02-10", "rare-consent"),
    activated("2025-03-10", "rare-consent", kind="reactivated"),
    reference("2025-01-06", "requested", "rare-consent"),
    reference("2025-01-07", "agreed", "rare-consent"),
    reference("2025-03-07", "withdrawn", "rare-consent"),
    reference("2025-03-09", "agreed", "rare-consent"),
]

RECORDS = [
    # Removed before it was ever heard of, and a removal that meets nothing.
    removed("2025-01-01", "lead", "lead-rare-mistake", "rare-mistake"),
    lead("created", "2025-03-10", "rare-mistake"),
    removed("2025-01-01", "ticket", "ticket-unheard-of", "rare-mistake"),
    # Members of a pair that need escaping.
    lead("created", "2025-03-10", "rare-pair", channel="a,b", segment="c\\d"),
    # More than a float can tell apart, stages skipped and gone back, reopened from lost.
    won("2025-03-11", "rare-large", 999_999_999_999_999, team="rare"),
    won("2025-03-12", "rare-larger", 999_999_999_999_998, "EUR", team="rare"),
    deal("created", "2025-03-01", "rare-stages", stage="thinking", amount_minor=12_345, currency="GBP"),
    deal("stage_changed", "2025-03-02", "rare-stages", to_stage="negotiation"),
    deal("stage_changed", "2025-03-03", "rare-stages", to_stage="meeting", amount_minor=777, currency="GBP"),
    deal("created", "2025-03-01", "rare-reopened", stage="meeting", amount_minor=999, currency="USD"),
    deal("lost", "2025-03-02", "rare-reopened"),
    deal("stage_changed", "2025-03-09", "rare-reopened", to_stage="proposal"),
    # Told apart from the steps: before and after the win, corrected, of what was lost, and of what was never
    # created; and dimensions that nothing else tells.
    deal("created", "2025-03-01", "rare-described"),
    described("deal", "2025-03-02", "rare-described", amount_minor=44_401, revision=2),
    won("2025-03-09", "rare-described", 0),
    described(
        "deal", "2025-03-10", "rare-described", amount_minor=55_501, currency="GBP", revision=3, region="eu"
    ),
    won("2025-03-08", "rare-unnamed", 66_601),
    described("deal", "2025-03-09", "rare-unnamed", team="rare"),
    deal("lost", "2025-03-08", "rare-lost", amount_minor=7_777, currency="USD"),
    deal("lost", "2025-03-09", "rare-lost"),
    described("deal", "2025-03-07", "rare-lost", amount_minor=8_888, revision=1),
    described("deal", "2025-03-07", "rare-uncreated", amount_minor=9_999, revision=1),
    lead("created", "2025-03-10", "rare-described"),
    described("lead", "2025-03-12", "rare-described", region="eu", segment="rare"),
    activated("2025-03-12", "rare-described"),
    ticket("created", "2025-03-10", "rare-described"),
    described("ticket", "2025-03-09", "rare-described", team="rare"),
    # Refunds without an id, of an order and of none; an order whose cost of goods is taken back.
    paid("2025-03-05", "rare", 90_00, customer_id="rare-order", cost_of_goods_minor=40_00),
    refunded("2025-03-06", "rare", 10_00, customer_id="rare-order"),
    refunded("2025-03-07", "rare", 10_00, customer_id="rare-order"),
    refunded("2025-03-07", "rare-none", 10_00, customer_id="rare-order"),
    paid("2025-03-08", "rare", 95_00, customer_id="rare-order", currency="EUR"),
    # Eight hundred days of a cost, in no round number.
    cost("2025-03-01", 1_000_003, "rare", "sales", period_start="2023-02-01", period_end="2025-04-10"),
    # Due before it was asked for, due and done at once, and due by default.
    erasure("requested", "2025-03-10", "rare-early", due_at="2025-03-01T00:00:00Z"),
    erasure("requested", "2025-03-10", "rare-done", due_at="2025-03-15T00:00:00Z"),
    erasure("completed", "2025-03-15", "rare-done"),
    erasure("requested", "2025-02-01", "rare-late"),
    erasure("completed", "2025-03-12", "rare-late"),
]

OPERATIONS = [
    # Outages that meet, overlap and never end; an end of what never began; one that becomes maintenance.
    incident("opened", "2025-02-20", "rare-1", "rare"),
    incident("resolved", "2025-03-30 12:00", "rare-1", "rare"),
    incident("opened", "2025-03-30 12:00", "rare-2", "rare", impact="partial"),
    incident("opened", "2025-03-30 18:00", "rare-3", "rare", impact=None),
    incident("resolved", "2025-03-30 19:00", "rare-2", "rare"),
    incident("resolved", "2025-03-01", "rare-4", "rare"),
    incident("opened", "2025-03-30 16:00", "rare-5", "rare-still"),
    incident("opened", "2025-03-30 17:00", "rare-6", "rare-still", impact="maintenance"),
    told("crm.user.licensed", "2025-01-05", user_id="rare-user", active=True, team="rare"),
    told("crm.user.acted", "2025-03-05", user_id="rare-user", action="other", meaningful=True),
    told("crm.user.licensed", "2025-03-06", user_id="rare-user", active=False),
    # Reopened exactly a week after, and created after it was resolved.
    ticket("created", "2025-03-01", "rare-week"),
    ticket("resolved", "2025-03-02", "rare-week"),
    ticket("reopened", "2025-03-09", "rare-week"),
    ticket("resolved", "2025-03-10", "rare-odd"),
    ticket("created", "2025-03-11", "rare-odd"),
]

RARE = [*SUBSCRIPTIONS, *CUSTOMERS, *RECORDS, *OPERATIONS]
