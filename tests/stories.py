"""More events told by hand, beside those of tests/oracle/history.py: money, campaigns, staff, machines.

    subscription("started", "2024-03-01", after=50_00)     is one line of NDJSON

Everything is of the customer `a` unless told otherwise, and the same call twice is the same event twice.
"""

from tests.oracle.history import Data, told

USD: dict[str, Data] = {"currency": "USD"}


# -- Money ------------------------------------------------------------------------------------------------


def paid(at: str, amount_minor: int, order: str = "1", name: str = "a", **data: Data) -> bytes:
    about: dict[str, Data] = {"order_id": f"order-{order}", "customer_id": name, "amount_minor": amount_minor}
    return told("crm.order.paid", at, **about, **{**USD, **data})


def refunded(at: str, amount_minor: int, order: str = "1", name: str = "a", **data: Data) -> bytes:
    about: dict[str, Data] = {"order_id": f"order-{order}", "customer_id": name, "amount_minor": amount_minor}
    return told("crm.refund.issued", at, **about, **{**USD, **data})


def subscription(
    change: str, at: str, before: int = 0, after: int = 0, plan: str = "1", name: str = "a", **data: Data
) -> bytes:
    """`before` and `after` are what it pays a month, in minor units."""
    about: dict[str, Data] = {"subscription_id": f"subscription-{name}-{plan}", "customer_id": name}
    mrr: dict[str, Data] = {"mrr_before_minor": before, "mrr_after_minor": after}
    return told("crm.subscription.changed", at, change=change, **about, **mrr, **{**USD, **data})


def benefit(at: str, amount_minor: int, name: str = "a", method: str = "measured") -> bytes:
    about: dict[str, Data] = {"benefit_id": f"benefit-{name}", "amount_minor": amount_minor}
    return told("crm.benefit.recorded", at, method=method, **about, **USD)


# -- Customers --------------------------------------------------------------------------------------------


def interaction(at: str, id_: str = "1", name: str = "a", meaningful: bool = True, **data: Data) -> bytes:
    about: dict[str, Data] = {"interaction_id": f"interaction-{name}-{id_}", "customer_id": name}
    return told("crm.interaction.logged", at, direction="outbound", meaningful=meaningful, **about, **data)


def reference(state: str, at: str, name: str = "a") -> bytes:
    return told("crm.reference.changed", at, customer_id=name, state=state)


def referral(at: str, name: str = "a", lead: str = "1") -> bytes:
    about: dict[str, Data] = {"customer_id": name, "lead_id": f"lead-{lead}"}
    return told("crm.referral.made", at, referral_id=f"referral-{name}-{lead}", **about)


def consent(at: str, granted: bool, purpose: str = "marketing", name: str = "a") -> bytes:
    return told("crm.consent.changed", at, customer_id=name, purpose=purpose, granted=granted)


def erasure(step: str, at: str, name: str = "a", due_at: str | None = None) -> bytes:
    return told(f"crm.erasure.{step}", at, request_id=f"erasure-{name}", customer_id=name, due_at=due_at)


def survey_sent(at: str, id_: str = "1", kind: str = "nps", **data: Data) -> bytes:
    return told("crm.survey.sent", at, invitation_id=f"invitation-{id_}", kind=kind, **data)


# -- Campaigns --------------------------------------------------------------------------------------------


def touched(touch: str, at: str, recipient: str = "1", machine: bool | None = None, **data: Data) -> bytes:
    about: dict[str, Data] = {"campaign_id": "spring", "recipient_ref": f"recipient-{recipient}"}
    return told("crm.campaign.touched", at, **{**about, "touch": touch, "machine": machine, **data})


def campaign_converted(at: str, amount_minor: int, id_: str = "1", **data: Data) -> bytes:
    about: dict[str, Data] = {"campaign_id": "spring", "conversion_id": f"conversion-{id_}"}
    return told("crm.campaign.converted", at, **{**about, "amount_minor": amount_minor, **USD, **data})


# -- Staff and machines -----------------------------------------------------------------------------------


def licensed(at: str, user: str = "u", active: bool = True) -> bytes:
    return told("crm.user.licensed", at, user_id=f"user-{user}", active=active)


def acted(at: str, user: str = "u", action: str = "record_created", meaningful: bool = True) -> bytes:
    return told("crm.user.acted", at, user_id=f"user-{user}", action=action, meaningful=meaningful)


def training(state: str, at: str, user: str = "u", course: str = "basics") -> bytes:
    return told("crm.training.changed", at, user_id=f"user-{user}", course_id=course, state=state)


def task(at: str, id_: str = "1", automated: bool = False) -> bytes:
    return told("crm.task.completed", at, task_id=f"task-{id_}", automated=automated)


def incident(
    step: str, at: str, id_: str = "1", component: str = "web", impact: str | None = "full"
) -> bytes:
    """`step` is opened or resolved; the latter says nothing of the impact."""
    about: dict[str, Data] = {"incident_id": f"incident-{component}-{id_}", "component": component}
    return told(f"crm.incident.{step}", at, impact=impact if step == "opened" else None, **about)


def request(at: str, duration_ms: int, id_: str = "1", ok: bool = True) -> bytes:
    about: dict[str, Data] = {"request_id": f"request-{id_}", "component": "web"}
    return told("crm.request.sampled", at, duration_ms=duration_ms, ok=ok, **about)


def record_checked(at: str, id_: str = "1", complete: bool = True, valid: bool = True, **data: Data) -> bytes:
    return told("crm.record.checked", at, check_id=f"check-{id_}", complete=complete, valid=valid, **data)


def record_removed(at: str, entity: str, id_: str, name: str = "a") -> bytes:
    return told("crm.record.removed", at, entity=entity, id=id_, customer_id=name)
