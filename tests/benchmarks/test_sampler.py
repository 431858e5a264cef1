"""The sampler finds where CPU time goes. How much of it is a matter of the machine, and not asked here."""

import gc
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.sampled import read_samples, write_samples
from benchmarks.sampler import COLLECTOR, REST, Sampler

HERE = "tests/benchmarks/test_sampler"
PATIENCE_S = 20.0


def until(condition: Callable[[], object], work: Callable[[], object]) -> None:
    """Work until it holds: when signals come is the system's affair."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s, "no sample came"
        work()


def spin() -> None:
    end_s = time.thread_time() + 0.01
    while time.thread_time() < end_s:
        pass


def inner() -> None:
    spin()


def outer() -> None:
    inner()
    spin()


def everything() -> None:
    outer()
    spin()


def test_a_sample_belongs_to_the_innermost_place_on_the_stack() -> None:
    with Sampler({(HERE, "inner"): "in", (HERE, "outer"): "out"}) as sampler:
        until(lambda: sampler.samples.parts.keys() >= {"in", "out", REST}, everything)


def test_a_function_is_charged_for_itself_and_for_what_it_calls() -> None:
    with Sampler({}) as sampler:
        until(lambda: any(name.endswith(" inner") for name in sampler.samples.within), everything)
    within = {name.rpartition(" ")[2]: seconds for name, seconds in sampler.samples.within.items()}
    assert 0 < within["inner"] <= within["outer"] <= within["everything"]


def test_nothing_is_sampled_afterwards() -> None:
    with Sampler({}) as sampler:
        until(lambda: sampler.samples.taken, spin)
    taken = sampler.samples.taken
    for _ in range(10):
        spin()
    assert taken == sampler.samples.taken


def test_samples_come_through_a_file_as_they_are(tmp_path: Path) -> None:
    with Sampler({(HERE, "inner"): "in"}) as sampler:
        until(lambda: sampler.samples.taken, inner)
    write_samples(sampler.samples, tmp_path / "samples.json")
    assert read_samples(tmp_path / "samples.json") == sampler.samples


def test_the_garbage_collector_is_a_part_of_its_own() -> None:
    garbage = [[number] for number in range(300_000)]
    with Sampler({COLLECTOR: "collector"}) as sampler:
        until(lambda: "collector" in sampler.samples.parts, gc.collect)
    assert len(garbage) == 300_000
