"""The worker's metrics: nothing that is dropped, held or lost goes uncounted, and nothing is told twice."""

import re
from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

from streams.worker.telemetry import Telemetry


def told(telemetry: Telemetry) -> dict[tuple[str, str], float]:
    """(sample's name, its labels in order of their names) -> value, as Prometheus reads it."""
    text = telemetry.text().decode()
    return {
        (sample.name, ",".join(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_a_commit_is_counted_by_type_outcome_and_reason() -> None:
    telemetry = Telemetry()
    outcomes = Counter({("crm.lead.created", "applied"): 3, ("crm.lead.created", "unchanged"): 2})
    telemetry.committed(outcomes, Counter({"not_json": 4, "bad_time": 1}), seconds=0.03)
    samples = told(telemetry)
    assert samples["crm_events_total", "applied,crm.lead.created"] == 3
    assert samples["crm_events_total", "unchanged,crm.lead.created"] == 2
    assert samples["crm_events_total", "rejected,invalid"] == 5
    assert samples["crm_dead_letters_total", "not_json"] == 4
    assert samples["crm_dead_letters_total", "bad_time"] == 1
    assert (samples["crm_commit_seconds_count", ""], samples["crm_commit_seconds_sum", ""]) == (1, 0.03)
    assert samples["crm_batch_events_sum", ""] == 10


def test_a_partition_has_one_state_at_a_time() -> None:
    telemetry = Telemetry()
    for state in ("opening", "held", "held", "opening", "open"):
        telemetry.state(3, state)
        states = {labels: value for (name, labels), value in told(telemetry).items() if "state" in name}
        assert states == {f"3,{state}": 1}


def test_a_held_partition_has_one_reason_at_a_time_and_the_others_have_none() -> None:
    telemetry = Telemetry()
    telemetry.state(3, "held", "topic")
    telemetry.state(3, "held", "eviction")
    telemetry.state(4, "held", "topic")
    telemetry.state(4, "open")
    held = {labels: value for (name, labels), value in told(telemetry).items() if "held" in name}
    assert held == {"3,eviction": 1}


def test_of_a_partition_that_was_let_go_nothing_is_told() -> None:
    telemetry = Telemetry()
    for partition in (1, 2):
        telemetry.state(partition, "held", "topic")
        telemetry.lag(partition, 10)
    telemetry.released(1)
    telemetry.released(1)  # harmless twice
    left = {labels for name, labels in told(telemetry) if name.startswith("crm_partition")}
    assert left == {"2,held", "2,topic", "2"}


def test_two_workers_in_a_process_do_not_share_their_numbers() -> None:
    one, two = Telemetry(), Telemetry()
    one.fenced.inc()
    assert told(two)["crm_fenced_total", ""] == 0


def test_names_are_those_of_prometheus_conventions() -> None:
    telemetry = Telemetry()
    telemetry.lag(1, 1)
    telemetry.state(1, "held", "topic")
    names = {family.name for family in text_string_to_metric_families(telemetry.text().decode())}
    assert all(re.fullmatch(r"crm_[a-z_]+", name) for name in names)
