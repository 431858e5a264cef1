"""Cases for what is recorded: that the pipeline is stale, how much it does, and who is on target."""

from collections.abc import Iterator, Mapping

from streams import naming
from streams.engine.plan import Plan
from streams.generate.case import Part, minutes, series, worse
from streams.generate.promql import selector
from streams.generate.recordings import with_target

_WHOLE = {"dimension": naming.ALL, "member": naming.ALL}


def recording_tests(plan: Plan) -> list[Part]:
    """As promtool has them."""
    return [
        _stale(plan),
        _rates(),
        _targets(plan, "Exactly on target is on target", beyond=False),
        _targets(plan, "A little beside it is not", beyond=True),
    ]


def _test(name: str, measured: Mapping[str, str], expected: Iterator[Part] | list[Part]) -> Part:
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in measured.items()],
        "promql_expr_test": list(expected),
    }


def _expect(record: str, minute: int, *samples: tuple[Mapping[str, str], float]) -> Part:
    found = [{"labels": selector(record, labels), "value": value} for labels, value in samples]
    return {"expr": record, "eval_time": f"{minute}m", "exp_samples": found}


def _stale(plan: Plan) -> Part:
    """A partition has no owner from the third minute on; a process that is down alone makes nothing stale."""
    limits = plan.catalog.pipeline
    lasting, longest = minutes(limits.partitions), minutes(limits.partitions) + minutes(limits.processes)
    measured = {
        **series(naming.PARTITIONS_STALE, {}, [(0, 3), (1, longest)]),
        **series(naming.KAFKA_UP, {}, [(1, 3 + longest)]),
        **series("up", {"job": naming.BOARD_JOB, "instance": "two"}, [(0, 3 + longest)]),
    }
    return _test(
        "Numbers are stale while an alert says so that means it, one minute later",
        measured,
        [
            _expect(naming.STALE_RECORD, 2 + lasting, ({}, 0)),
            _expect(naming.STALE_RECORD, 4 + lasting, ({}, 1)),
        ],
    )


def _rates() -> Part:
    def counter(name: str, a_minute: int, **labels: str) -> dict[str, str]:
        return {selector(name, labels): f"0+{a_minute}x10"}

    measured = {
        **counter("crm_events_total", 120, type="crm.lead.created", outcome="applied"),
        **counter("crm_events_total", 60, type="crm.deal.won", outcome="applied"),
        **counter("crm_dead_letters_total", 30, reason="not_json"),
        **counter("crm_commit_seconds_bucket", 5_940, le="0.5"),
        **counter("crm_commit_seconds_bucket", 6_000, le="1"),
        **counter("crm_commit_seconds_bucket", 6_000, le="+Inf"),
    }
    expected = [
        _expect("crm:events:rate5m", 10, ({"outcome": "applied"}, 3)),
        _expect("crm:dead_letters:rate5m", 10, ({"reason": "not_json"}, 0.5)),
        _expect("crm:commit_seconds:p99_5m", 10, ({}, 0.5)),
    ]
    return _test("Rates are per second", measured, expected)


def _targets(plan: Plan, name: str, beyond: bool) -> Part:
    """In one window of every KPI with a target; a slice says the contrary, which does not matter."""
    measured: dict[str, str] = {}
    samples: list[tuple[Mapping[str, str], float]] = []
    for one, target, good in with_target(plan):
        window = one.windows[0]
        value = worse(one.unit, good, target) if beyond else target
        own = {**one.labels, "window": window}
        measured |= series(one.gauge, {**own, **_WHOLE}, [(value, 2)])
        contrary = {"up": 1e9, "down": -1e9}[good] if beyond else {"up": -1e9, "down": 1e9}[good]
        measured |= series(one.gauge, {**own, "dimension": "team", "member": "north"}, [(contrary, 2)])
        samples.append(({"kpi": one.kpi, "window": window}, 0 if beyond else 1))
    records = ("crm:kpi_on_target:bool", "crm:kpi_on_target:avg1d")
    return _test(name, measured, [_expect(record, 1, *samples) for record in records])
