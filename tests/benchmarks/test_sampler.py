"""The sampler finds where CPU time goes."""

import gc
import time
from pathlib import Path

from benchmarks.sampled import read_samples, write_samples
from benchmarks.sampler import COLLECTOR, REST, Sampler

HERE = "tests/benchmarks/test_sampler"


def spin(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def inner() -> None:
    spin(0.2)


def outer() -> None:
    inner()
    spin(0.2)


def test_a_sample_belongs_to_the_innermost_place_on_the_stack() -> None:
    with Sampler({(HERE, "inner"): "in", (HERE, "outer"): "out"}) as sampler:
        outer()
        spin(0.2)
    shares = sampler.samples.shares()
    assert set(shares) >= {"in", "out", REST}
    assert all(0.1 < shares[part] < 0.6 for part in ("in", "out", REST))


def test_a_function_is_charged_for_itself_and_for_what_it_calls() -> None:
    with Sampler({}) as sampler:
        outer()
    samples = sampler.samples
    assert samples.top(1)[0].function.endswith(" spin")
    within = {name.rpartition(" ")[2]: seconds for name, seconds in samples.within.items()}
    assert within["inner"] < within["outer"] <= within["spin"] + 0.1


def test_time_in_which_no_signal_could_be_handled_is_not_lost() -> None:
    with Sampler({}) as sampler:
        sum(range(20_000_000))  # C code, for many ticks
        spin(0.02)
    samples = sampler.samples
    assert samples.top(1)[0].function.endswith("is_not_lost")
    assert samples.top(1)[0].itself > 0.5


def test_nothing_is_sampled_afterwards() -> None:
    with Sampler({}) as sampler:
        spin(0.05)
    taken = sampler.samples.taken
    spin(0.05)
    assert 0 < taken == sampler.samples.taken


def test_samples_come_through_a_file_as_they_are(tmp_path: Path) -> None:
    with Sampler({(HERE, "inner"): "in"}) as sampler:
        inner()
    write_samples(sampler.samples, tmp_path / "samples.json")
    assert read_samples(tmp_path / "samples.json") == sampler.samples


def test_the_garbage_collector_is_a_part_of_its_own() -> None:
    garbage = [[number] for number in range(500_000)]
    with Sampler({COLLECTOR: "collector", (HERE, ""): "test"}) as sampler:
        for _ in range(10):
            gc.collect()
    assert len(garbage) == 500_000
    assert sampler.samples.parts["collector"] > sampler.samples.parts.get("test", 0.0)
