"""What a PromQL expression reads."""

import pytest

from tests.monitoring.selectors import selectors


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("up", ["up"]),
        ('up{job=~"a|b"} == 0', ['up{job=~"a|b"}']),
        ("sum by (le, job) (rate(x_bucket[5m])) > 5e3", ["x_bucket"]),
        ("a unless a offset 1h", ["a", "a"]),
        ("a\nand on (window, dimension)\nb >= 20", ["a", "b"]),
        ("(count(a) >= 2) * on (kpi) group_left (owner) max by (kpi) (b)", ["a", "b"]),
        ("avg_over_time(a[30d:1h])", ["a"]),
        ('crm:stale:bool or {__name__=~"up"}', ["crm:stale:bool", '{__name__=~"up"}']),
        ('x{member="sum by (a) {b}"}', ['x{member="sum by (a) {b}"}']),
        ("time() - max(x)", ["x"]),
        ("vector(0)", []),
        ('label_replace(x, "a", "$1", "b", "(.*)")', ["x"]),
    ],
)
def test_selectors_are_found_one_by_one(expr: str, found: list[str]) -> None:
    assert list(selectors(expr)) == found
