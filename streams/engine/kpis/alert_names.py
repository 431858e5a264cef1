"""What the alerts of a KPI are called: rules, runbooks and links to them know an alert by its name."""

from collections import Counter
from collections.abc import Sequence

from schemas.kpis import Alert, Kpi, Series
from streams.engine.kpis.verdicts import judged_by
from streams.human import gauge_extra, series_name


def alert_names(name: str, kpi: Kpi) -> list[str]:
    """Of each alert of a KPI its name, such as CrmLeadsWaitingOldest.

    It says what the judged gauge has beyond the KPI's own; also the labels, where alerts of several series
    would else be called the same. Alerts of one series, for different windows, share their name.
    """
    judged = [_judged(kpi, alert) for alert in kpi.alerts]
    short = [_camel(name, gauge_extra(kpi, str(series.gauge))) for series in judged]
    long = [_camel(name, series_name(kpi, str(series.gauge), series.labels)) for series in judged]
    return [
        one if _of_one_series(one, short, judged) else other for one, other in zip(short, long, strict=True)
    ]


def _judged(kpi: Kpi, alert: Alert) -> Series:
    return next(iter(judged_by(kpi, alert)), kpi.all_series()[0])


def _of_one_series(name: str, names: Sequence[str], judged: Sequence[Series]) -> bool:
    pairs = zip(names, judged, strict=True)
    those = Counter((str(one.gauge), *sorted(one.labels.items())) for called, one in pairs if called == name)
    return len(those) == 1


def _camel(*texts: str) -> str:
    words = " ".join(texts).replace("_", " ").replace(",", " ").replace("-", " ").split()
    return "Crm" + "".join(word[0].upper() + word[1:] for word in words)
