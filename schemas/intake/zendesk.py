"""What is told of Zendesk."""

from schemas.words import Model


class Zendesk(Model):
    pass
