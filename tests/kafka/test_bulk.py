"""Publishing by librdkafka, as far as it needs no Kafka."""

import sys

import pytest
from pydantic import SecretStr

from streams.errors import MissingPart, SettingsError, Unreachable
from streams.kafka import bulk
from streams.kafka.bulk import Bulk, BulkPublisher
from streams.settings import Settings
from tests.servers import ROOT

NOBODY = Settings(broker="kafka://127.0.0.1:1")


def test_a_record_that_nobody_takes_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bulk._CONFIG, "delivery.timeout.ms", 300)
    with BulkPublisher(NOBODY) as publisher, pytest.raises(Unreachable, match="did not take a record"):
        publisher.publish([Bulk(b"key", b"value", 1)])
        publisher.flush()


def test_without_librdkafka_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(MissingPart, match=r"pip install 'crm-kpi-streams\[tools\]'"):
        BulkPublisher(NOBODY)


# -- What librdkafka is told of the settings --------------------------------------------------------------


def test_tls_and_sasl_are_those_of_the_settings() -> None:
    certificates = ROOT / "tests" / "kafka" / "pom.xml"
    settings = Settings(
        broker="kafka://one:9092,two:9093",
        kafka_security="SASL_SSL",
        kafka_mechanism="SCRAM-SHA-512",
        kafka_user="me",
        kafka_password=SecretStr("s3cret"),
    )
    assert settings.librdkafka_client() == {
        "bootstrap.servers": "one:9092,two:9093",
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "probe",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": "s3cret",
    }
    with pytest.raises(SettingsError, match="KPI_KAFKA_CA"):
        settings.model_copy(update={"kafka_ca": certificates}).librdkafka_client()


def test_without_security_nothing_is_said_of_it() -> None:
    assert NOBODY.librdkafka_client() == {
        "bootstrap.servers": "127.0.0.1:1",
        "security.protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("security", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_librdkafka_takes_every_security_that_can_be_set(security: str, mechanism: str) -> None:
    given = {
        "kafka_security": security,
        "kafka_mechanism": mechanism,
        "kafka_user": "me",
        "kafka_password": "s3",
    }
    with BulkPublisher(Settings.read(broker="kafka://127.0.0.1:1", **given)):
        pass
