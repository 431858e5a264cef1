"""What alerts are called: rules, runbooks, silences and links to them know an alert by its name."""

from schemas.kpis import Alert, Kpi
from streams.engine.kpis.verdicts import judged_by
from streams.human import gauge_extra


def alert_name(name: str, kpi: Kpi, alert: Alert) -> str:
    """CrmLeadsWaitingOldest: the KPI, what the gauge has beyond the KPI's own, the alert's own name."""
    gauge = next((str(series.gauge) for series in judged_by(kpi, alert)), kpi.gauge)
    words = " ".join([name, gauge_extra(kpi, gauge), alert.name or ""]).replace("_", " ").split()
    return "Crm" + "".join(word[0].upper() + word[1:] for word in words)
