"""What is told of Stripe."""

from schemas.words import Model


class Stripe(Model):
    pass
