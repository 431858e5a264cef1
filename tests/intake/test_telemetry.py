"""What logs and metrics may hold of what others send: names that we have chosen, and nothing else."""

import logging

import pytest

from streams.intake.app import quiet_client
from streams.intake.brought import Brought, Line
from streams.intake.telemetry import Telemetry


def test_types_that_the_catalog_does_not_have_are_one_series() -> None:
    telemetry = Telemetry(["zendesk"], {"crm.ticket.created"})
    invented = [Line(f"crm.x.ticket.invented_{number}", b"") for number in range(30)]
    telemetry.published("zendesk", Brought([*invented, Line("crm.ticket.created", b"")]))
    lines = telemetry.text().decode().splitlines()
    assert [line for line in lines if line.startswith("crm_intake_events_total{")] == [
        'crm_intake_events_total{type="invalid",vendor="zendesk"} 30.0',
        'crm_intake_events_total{type="crm.ticket.created",vendor="zendesk"} 1.0',
    ]


@pytest.mark.parametrize(("level", "kept"), [(logging.DEBUG, logging.INFO), (logging.ERROR, logging.ERROR)])
def test_kafka_s_client_never_logs_what_is_sent(
    level: int, kept: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level, logger="aiokafka")
    quiet_client()
    assert logging.getLogger("aiokafka.producer.producer").getEffectiveLevel() == kept
