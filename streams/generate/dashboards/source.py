"""The data source: Prometheus, whatever it is called where the dashboards are imported."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableModel, VariableOption

from streams.generate.dashboards import names

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")


def source_choice() -> VariableModel:
    variable = DatasourceVariable("datasource").label("Data source").type("prometheus").build()
    variable.current = VariableOption(selected=True, text=names.SOURCE, value=names.SOURCE_UID)
    return variable
