"""Names under which Grafana knows what is provisioned, and by which one part refers to another."""

from typing import Final

FOLDER: Final = "CRM KPIs"
SOURCE: Final = "Prometheus"
SOURCE_UID: Final = "crm-prometheus"
"""Of the data source that we provision; elsewhere the variable takes the first Prometheus there is."""
