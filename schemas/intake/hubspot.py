"""What is told of HubSpot."""

from schemas.words import Model


class HubSpot(Model):
    pass
