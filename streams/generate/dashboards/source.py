"""The data source: Prometheus, whatever it is called where the dashboards are imported."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableModel, VariableOption

UID: Final = "crm-prometheus"
"""Of the data source that we provision; elsewhere the variable takes the first Prometheus there is."""
NAME: Final = "Prometheus"
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")


def source_choice() -> VariableModel:
    variable = DatasourceVariable("datasource").label("Data source").type("prometheus").build()
    variable.current = VariableOption(selected=True, text=NAME, value=UID)
    return variable
