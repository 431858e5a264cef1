"""What `kpi replay --json` says, held against the oracle: one sentence for each reading that differs.

The two agree when the whole numbers are equal to the last digit. What may differ is named here and nowhere
else: a quantile by its buckets' 10 %, the age of the oldest in a slice by its pane's width, and a reading
over nothing, which may be absent (but for the whole of a count: over nothing it is 0).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

from tests.oracle.oracle import Expected, Figures, Key

Reading = Mapping[str, Any]

PARTS = ("value", "numerator", "denominator", "samples")
QUANTILE_ERROR = 0.10
ROUNDING = 1e-12
# Of several ratios multiplied, ours are rounded one by one, theirs once.
COMPOSED_ERROR = 1e-9

COUNTS = ("count", "money", "seconds")

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# How long the panes of a tier are kept, and how wide they are: an age is as exact as the finest that is left.
PANES = ((3 * HOUR_MS, MINUTE_MS), (50 * DAY_MS, HOUR_MS))

# Of our own working and not of events: how many lines were refused.
OURS = frozenset({"crm_dead_letter_ratio"})


def differences(expected: Mapping[Key, Expected], replay: Reading) -> list[str]:
    """Sentences, one for each difference, sorted by reading; none if the two agree.

    `replay` is the object that `kpi replay --json` prints, of all KPIs, windows and dimensions. A reading
    that the oracle does not know of is a difference too, unless it is over nothing, in a known window.
    """
    said = [(key_of(reading), reading) for reading in replay["readings"] if reading["gauge"] not in OURS]
    theirs, times = dict(said), Counter(key for key, _ in said)
    wholes = {(key.gauge, key.labels, key.window) for key in expected}
    sentences = [f"{name(key)}: {n} readings where one is due" for key, n in times.items() if n > 1]
    for key in sorted(expected.keys() | theirs.keys()):
        ours, reading = expected.get(key), theirs.get(key)
        if ours is None:
            complaints = unknown(theirs[key], known=(key.gauge, key.labels, key.window) in wholes)
        elif reading is None:
            complaints = absent(key, ours.now)
        else:
            complaints = unequal(key, ours, reading)
        sentences += [f"{name(key)}: {complaint}" for complaint in complaints]
    return sentences


def key_of(reading: Reading) -> Key:
    """The key of a reading of the replay; labels that do not apply may be null."""
    labels = sorted((label, str(value)) for label, value in reading["labels"].items() if value is not None)
    return Key(reading["gauge"], tuple(labels), reading["window"], reading["dimension"], reading["member"])


def name(key: Key) -> str:
    """`crm_win_ratio{kind="all"} over 30d, channel=web`, or `.., the whole`."""
    labels = ",".join(f'{label}="{value}"' for label, value in key.labels)
    slice_ = "the whole" if key.dimension == "all" else f"{key.dimension}={key.member}"
    return f"{key.gauge}{{{labels}}} over {key.window}, {slice_}"


def unknown(reading: Reading, known: bool) -> Iterator[str]:
    """A reading that the oracle has not got, harmless if it is over nothing in a window that it has."""
    if not known:
        yield "the oracle knows no such gauge, labels and window"
    elif any(reading[part] for part in PARTS):
        theirs = ", ".join(f"{part} {reading[part]}" for part in PARTS)
        yield f"ours is nothing counted, theirs is {theirs}"


def absent(key: Key, ours: Figures) -> Iterator[str]:
    """No reading, which is right where there is no value, and in a slice where a count is 0."""
    no_count = key.dimension != "all" and ours.form in COUNTS and ours.numerator == 0
    if ours.value is not None and not no_count:
        yield f"ours is {describe(ours)}, theirs is absent"


def unequal(key: Key, ours: Expected, theirs: Reading) -> Iterator[str]:
    """What differs between two readings of one key: the KPI's name, a number, or the comparison."""
    if theirs["kpi"] != ours.kpi:
        yield f"ours is of the KPI {ours.kpi}, theirs of {theirs['kpi']}"
    if ours.now.value is None:
        yield from not_nothing(ours.now, theirs)
    elif ours.now.form == "quantile":
        yield from unequal_quantile(ours.now, theirs)
    elif ours.now.form == "oldest" and key.dimension != "all":
        yield from unequal_age(ours.now, theirs)
    else:
        yield from unequal_numbers(ours.now, theirs)
    yield from unequal_bounds(ours.now, theirs)
    yield from unequal_comparison(ours, theirs)


def not_nothing(ours: Figures, theirs: Reading) -> Iterator[str]:
    """No value; whole numbers may be left out, and the age of nothing may be 0."""
    for part in whole_numbers(ours):
        if theirs[part] is not None and not same_number(getattr(ours, part) or 0, theirs[part]):
            yield f"{part}: ours is {getattr(ours, part)}, theirs is {theirs[part]}"
    if theirs["value"] is not None and not (ours.form == "oldest" and theirs["value"] == 0):
        yield f"value: ours is none, theirs is {theirs['value']}"


def unequal_numbers(ours: Figures, theirs: Reading) -> Iterator[str]:
    """Numerator and denominator to the last integer, and the value that follows from them."""
    for part in whole_numbers(ours):
        if not same_number(getattr(ours, part), theirs[part]):
            yield f"{part}: ours is {getattr(ours, part)}, theirs is {theirs[part]}"
    if not close(ours.value, theirs["value"], COMPOSED_ERROR if ours.form == "formula" else ROUNDING):
        yield f"value: ours is {ours.value}, theirs is {theirs['value']}"


def whole_numbers(ours: Figures) -> tuple[str, ...]:
    """The parts that must agree to the last integer; those of a formula of several ratios are nobody's."""
    return {"quantile": ("samples",), "formula": ()}.get(ours.form, ("numerator", "denominator"))


def unequal_quantile(ours: Figures, theirs: Reading) -> Iterator[str]:
    """As many samples, and a value within a bucket's error of the exact one."""
    for part in ("numerator", "denominator"):
        if theirs[part] is not None:
            yield f"{part}: ours is none, as of every quantile, theirs is {theirs[part]}"
    if not same_number(ours.samples, theirs["samples"]):
        yield f"samples: ours is {ours.samples}, theirs is {theirs['samples']}"
    if not close(ours.value, theirs["value"], QUANTILE_ERROR + ROUNDING):
        yield f"value: ours is {ours.value}, theirs is {theirs['value']}, which is not within 10 %"


def unequal_age(ours: Figures, theirs: Reading) -> Iterator[str]:
    """The age of the oldest in a slice: to the width of the pane that it is in."""
    age_ms, theirs_ms = ours.numerator or 0, theirs["numerator"]
    if type(theirs_ms) is not int or abs(theirs_ms - age_ms) > pane_width_ms(age_ms):
        yield f"numerator: ours is {age_ms}, theirs is {theirs_ms}, which is more than a pane off"
    elif not close(theirs_ms / 1000, theirs["value"], ROUNDING):
        yield f"value: theirs is {theirs['value']}, which is not its own numerator {theirs_ms} in seconds"


def unequal_bounds(ours: Figures, theirs: Reading) -> Iterator[str]:
    """How sure a proportion or a score is; of whole numbers, so that only the last digits may differ."""
    for bound in ("lower", "upper"):
        if not same_or_none(getattr(ours, bound), theirs[bound], ROUNDING):
            yield f"{bound}: ours is {getattr(ours, bound)}, theirs is {theirs[bound]}"


def unequal_comparison(ours: Expected, theirs: Reading) -> Iterator[str]:
    """The window before and the change against it; of quantiles as sure as two buckets are."""
    error = QUANTILE_ERROR + ROUNDING if ours.now.form == "quantile" else COMPOSED_ERROR
    if not same_or_none(ours.previous, theirs["previous"], error):
        yield f"previous: ours is {ours.previous}, theirs is {theirs['previous']}"
    # A change of 0.5 is a ratio of 1.5, and of ratios the error is known.
    ours_ratio = None if ours.change is None else ours.change + 1
    theirs_ratio = None if theirs["change"] is None else theirs["change"] + 1
    if not same_or_none(ours_ratio, theirs_ratio, 2 * error / (1 - error)):
        yield f"change: ours is {ours.change}, theirs is {theirs['change']}"


def pane_width_ms(age_ms: int) -> int:
    """The width of the finest pane that is still kept at this age."""
    return next((width_ms for kept_ms, width_ms in PANES if age_ms + width_ms < kept_ms), DAY_MS)


def same_number(ours: int | None, theirs: object) -> bool:
    """Equal as whole numbers; `1.0` and `true` are none."""
    return ours == theirs and (theirs is None or type(theirs) is int)


def same_or_none(ours: float | None, theirs: object, error: float) -> bool:
    return theirs is None if ours is None else close(ours, theirs, error)


def close(ours: float | None, theirs: object, error: float) -> bool:
    """Two numbers whose difference is at most `error` of ours (or so little that it is rounding)."""
    if ours is None or isinstance(theirs, bool) or not isinstance(theirs, int | float):
        return False
    return isclose(ours, theirs, rel_tol=0, abs_tol=max(abs(ours) * error, ROUNDING))


def describe(ours: Figures) -> str:
    """`value 0.5, numerator 1, denominator 2`."""
    parts = [(part, getattr(ours, part)) for part in PARTS]
    return ", ".join(f"{part} {number}" for part, number in parts if number is not None)
