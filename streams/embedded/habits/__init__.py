"""How a simulated company's people behave, as tables: who comes how often, who answers when, what follows.

The figures are made up to be believable, not measured. Amounts are in minor units. A file here has the tables
of the file of the same name in `streams.embedded.stories`.
"""
