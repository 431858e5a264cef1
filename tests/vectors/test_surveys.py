"""Vectors of surveys: the score, and how sure it is."""

import pytest

from tests.oracle.history import answered
from tests.replays import Readings, Slice
from tests.vectors.vectors import vectors_at

VECTORS = vectors_at("2024-05-01")


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return VECTORS.read(tmp_path_factory.mktemp("surveys"))


# -- Net Promoter Score -----------------------------------------------------------------------------------


def scores(times: int) -> Slice:
    """So many times 5 promoters, 3 passives and 2 detractors."""
    given = [9, 10, 9, 10, 9, 7, 8, 7, 6, 0] * times
    lines = (answered("2024-04-20", f"{number}", score) for number, score in enumerate(given))
    return VECTORS.story(f"nps of {len(given)}", *lines)


# By adjusted Wald: answers, and the half-width of the interval around the adjusted point.
NPS = {scores(times): (10 * times, half) for times, half in ((1, 42), (10, 15), (100, 4.8))}


@pytest.mark.parametrize("slice_", NPS)
def test_5_promoters_3_passives_and_2_detractors_are_plus_30(readings: Readings, slice_: Slice) -> None:
    answers, _ = NPS[slice_]
    score = readings.reading("crm_nps_points", "30d", slice_)
    assert score["value"] == 30
    assert score["samples"] == answers


@pytest.mark.parametrize("slice_", NPS)
def test_the_more_answers_the_surer_the_score(readings: Readings, slice_: Slice) -> None:
    answers, half = NPS[slice_]
    score = readings.reading("crm_nps_points", "30d", slice_)
    adjusted = 100 * 0.3 * answers / (answers + 3)
    assert (score["lower"] + score["upper"]) / 2 == pytest.approx(adjusted)
    assert (score["upper"] - score["lower"]) / 2 == pytest.approx(half, rel=0.01)


# -- Proportions ------------------------------------------------------------------------------------------


def satisfied(yes: int, of: int) -> Slice:
    lines = (
        answered("2024-04-20", f"{number}", 5 if number < yes else 2, kind="csat", scale="1-5")
        for number in range(of)
    )
    return VECTORS.story(f"{yes} of {of}", *lines)


WILSON = {
    satisfied(3, 3): (43.9, 100),
    satisfied(4, 5): (37.6, 96.4),
    satisfied(80, 100): (71.1, 86.7),
    satisfied(0, 10): (0, 27.8),
}


@pytest.mark.parametrize("slice_", WILSON)
def test_a_proportion_has_wilsons_interval(readings: Readings, slice_: Slice) -> None:
    reading = readings.reading("crm_csat_ratio", "30d", slice_)
    percent = tuple(round(100 * reading[bound], 1) for bound in ("lower", "upper"))
    assert percent == WILSON[slice_]


#     scale     satisfied from
SATISFIED = {"1-5": 4, "1-10": 8, "1-7": 6, "0-1": 1}


def whole_scale(scale: str) -> Slice:
    """Each score once."""
    low, high = map(int, scale.split("-"))
    lines = (answered("2024-04-20", f"{n}", n, kind="csat", scale=scale) for n in range(low, high + 1))
    return VECTORS.story(f"scale {scale}", *lines)


SCALES = {scale: whole_scale(scale) for scale in SATISFIED}


@pytest.mark.parametrize("scale", SATISFIED)
def test_who_gives_three_quarters_of_the_scale_is_satisfied(readings: Readings, scale: str) -> None:
    low, high = map(int, scale.split("-"))
    fraction = readings.fraction("crm_csat_ratio", "30d", SCALES[scale])
    assert fraction == (high - SATISFIED[scale] + 1, high - low + 1)
