"""The event contract: CloudEvents 1.0 on Kafka, one model per event type.

`Event` is the envelope; `EVENT_TYPES` maps a type such as `crm.lead.created` to the model of its `data`.
Unknown fields are ignored, so that producers may add some. Amounts are whole minor units. The worker's
decoders (`streams.engine.decode`), the JSON Schemas in `schemas/json` and the AsyncAPI document are derived
from these models; nothing is declared twice.

    from schemas import events

    event = events.Event(
        id="evt-1", source="/my-crm", type="crm.lead.created", time=datetime.now(UTC),
        data=events.LeadCreated(lead_id="lead-1", customer_id="cust-1"),
    )
    producer.send("crm.events", key=event.key().encode(), value=event.to_json())
"""

from schemas.events.base import (
    CUSTOMER,
    MAX_AMOUNT,
    MAX_PERIOD_DAYS,
    PERIOD,
    YEARS,
    Data,
    Declared,
    Fault,
    field_type,
)
from schemas.events.campaigns import CampaignConverted, CampaignTouched
from schemas.events.customers import (
    ConsentChanged,
    CustomerActivated,
    CustomerChurned,
    CustomerErased,
    ErasureCompleted,
    ErasureRequested,
    InteractionLogged,
    RecordChecked,
    RecordRemoved,
    ReferenceChanged,
)
from schemas.events.envelope import EVENT_TYPES, Envelope, Event, EventTypes, partition_key
from schemas.events.money import (
    BenefitRecorded,
    CostRecorded,
    OrderPaid,
    RefundIssued,
    SubscriptionChanged,
)
from schemas.events.operations import (
    IncidentOpened,
    IncidentResolved,
    RequestSampled,
    TaskCompleted,
    TrainingChanged,
    UserActed,
    UserLicensed,
)
from schemas.events.sales import (
    DealCreated,
    DealLost,
    DealStageChanged,
    DealWon,
    LeadAssigned,
    LeadContacted,
    LeadConverted,
    LeadCreated,
    LeadDisqualified,
    LeadQualified,
    ReferralMade,
)
from schemas.events.support import (
    SurveyAnswered,
    SurveySent,
    TicketCreated,
    TicketEscalated,
    TicketReopened,
    TicketReplied,
    TicketResolved,
)

__all__ = [
    "CUSTOMER",
    "MAX_AMOUNT",
    "YEARS",
    "Data",
    "Declared",
    "Fault",
    "field_type",
    "EVENT_TYPES",
    "Envelope",
    "Event",
    "EventTypes",
    "partition_key",
    "LeadCreated",
    "LeadAssigned",
    "LeadContacted",
    "LeadQualified",
    "LeadDisqualified",
    "LeadConverted",
    "DealCreated",
    "DealStageChanged",
    "DealWon",
    "DealLost",
    "ReferralMade",
    "CustomerActivated",
    "CustomerChurned",
    "CustomerErased",
    "InteractionLogged",
    "ReferenceChanged",
    "ConsentChanged",
    "ErasureRequested",
    "ErasureCompleted",
    "RecordRemoved",
    "RecordChecked",
    "MAX_PERIOD_DAYS",
    "PERIOD",
    "OrderPaid",
    "RefundIssued",
    "SubscriptionChanged",
    "CostRecorded",
    "BenefitRecorded",
    "CampaignTouched",
    "CampaignConverted",
    "TicketCreated",
    "TicketReplied",
    "TicketEscalated",
    "TicketResolved",
    "TicketReopened",
    "SurveySent",
    "SurveyAnswered",
    "UserLicensed",
    "UserActed",
    "TrainingChanged",
    "TaskCompleted",
    "IncidentOpened",
    "IncidentResolved",
    "RequestSampled",
]
