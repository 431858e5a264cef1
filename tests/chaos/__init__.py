"""Faults at random on real services, and a recount of the topic afterwards.

`make chaos MINUTES=10` runs it for a time (`__main__`), `make test` along a fixed plan (services/test_chaos).
Both go through `run.chaos`: burst by burst, each of them struck by one fault of `faults.FAULTS` while the
workers of the `cluster` are in the middle of it.
"""
