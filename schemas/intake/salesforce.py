"""What is told of Salesforce."""

from schemas.words import Model


class Salesforce(Model):
    pass
