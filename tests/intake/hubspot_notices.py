"""HubSpot's notices as it posts them: those that are documented, and `notice(..)` for all others."""

from typing import Any
from zlib import crc32

from tests.builders import Time, ms

Json = dict[str, Any]

CREATED: Json = {
    "eventId": 100,
    "subscriptionId": 1,
    "portalId": 99999,
    "appId": 12345,
    "occurredAt": 1714200000000,
    "subscriptionType": "contact.creation",
    "attemptNumber": 0,
    "objectId": 17001,
    "changeSource": "CRM",
    "changeFlag": "NEW",
    "sourceId": "userId:12345",
}
WON: Json = {
    "eventId": 101,
    "subscriptionId": 1,
    "portalId": 99999,
    "appId": 12345,
    "occurredAt": 1714200001000,
    "subscriptionType": "deal.propertyChange",
    "attemptNumber": 0,
    "objectId": 4500,
    "propertyName": "dealstage",
    "propertyValue": "closedwon",
    "changeSource": "CRM_UI",
}
DOCUMENTED = [CREATED, WON]
"""One body, with the two shapes that there are: an object, and a property of one."""

NEW_PLATFORM: Json = {
    "eventId": 3816279340,
    "subscriptionId": 25,
    "portalId": 33,
    "appId": 1160452,
    "occurredAt": 1462216307945,
    "subscriptionType": "object.propertyChange",
    "attemptNumber": 0,
    "objectId": 1246965,
    "objectTypeId": "0-3",
    "propertyName": "amount",
    "propertyValue": "1299.90",
    "changeSource": "ACADEMY",
    "sourceId": "userId:1",
    "isSensitive": False,
}
MERGED: Json = {
    "eventId": 5,
    "subscriptionId": 2,
    "portalId": 99999,
    "appId": 12345,
    "occurredAt": 1714200000000,
    "subscriptionType": "contact.merge",
    "attemptNumber": 0,
    "primaryObjectId": 1,
    "mergedObjectIds": [2, 3],
    "newObjectId": 4,
    "numberOfPropertiesMoved": 7,
}
ASSOCIATED: Json = {
    "eventId": 6,
    "subscriptionId": 2,
    "portalId": 99999,
    "appId": 12345,
    "occurredAt": 1714200000000,
    "subscriptionType": "deal.associationChange",
    "attemptNumber": 0,
    "associationType": "DEAL_TO_CONTACT",
    "fromObjectId": 4500,
    "toObjectId": 17001,
    "associationRemoved": False,
    "isPrimaryAssociation": True,
}


def notice(happening: str, at: Time = "10:00", of: int = 4500, **more: Any) -> Json:
    """`notice("deal.creation", "2024-04-15 10:00")`; each of a kind and time has an `eventId` of its own."""
    return {
        "eventId": crc32(repr((happening, ms(at), more)).encode()),
        "subscriptionId": 7,
        "portalId": 62515,
        "appId": 1160452,
        "occurredAt": ms(at),
        "subscriptionType": happening,
        "attemptNumber": 0,
        "objectId": of,
        "changeSource": "CRM_UI",
        **more,
    }


def changed(entity: str, name: str, value: Any, at: Time = "10:00", of: int = 4500, **more: Any) -> Json:
    """A property that has this value since then."""
    return notice(f"{entity}.propertyChange", at, of, propertyName=name, propertyValue=value, **more)
