"""How the CRM itself is used and runs: users, training, tasks, incidents, requests."""

from typing import Literal

from schemas.events.base import Amount, Data, Id, Text

# -- People who work with it ------------------------------------------------------------------------------


class User(Data):
    OWN_ID = "user_id"

    user_id: Id


class UserLicensed(User):
    TYPE = "crm.user.licensed"

    active: bool


class UserActed(User):
    TYPE = "crm.user.acted"

    action: Literal["login", "record_created", "record_updated", "report_run", "other"]
    meaningful: bool


class TrainingChanged(User):
    """About one user in one course; all about a user has the user's key."""

    TYPE = "crm.training.changed"

    course_id: Id
    state: Literal["assigned", "completed", "failed"]


class TaskCompleted(Data):
    TYPE = "crm.task.completed"
    OWN_ID = "task_id"

    task_id: Id
    automated: bool
    workflow: Text | None = None


# -- How it runs ------------------------------------------------------------------------------------------


class Incident(Data):
    """Keyed by its component, whose outages may overlap."""

    OWN_ID = "component"

    incident_id: Id
    component: Id
    impact: Literal["full", "partial", "maintenance"] | None = None


class IncidentOpened(Incident):
    TYPE = "crm.incident.opened"


class IncidentResolved(Incident):
    TYPE = "crm.incident.resolved"


class RequestSampled(Data):
    TYPE = "crm.request.sampled"
    OWN_ID = "request_id"

    request_id: Id
    component: Id
    duration_ms: Amount
    ok: bool
