"""All settings, read once from KPI_... variables or a .env file, and frozen."""

import re
import ssl
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams import naming
from streams.errors import SettingsError

PREFIX = "KPI_"
HIDDEN = "**********"
_PASSWORD_PARAMETER = re.compile(r"(?<=password=)[^&]+")


class Settings(BaseSettings):
    """What every process is told from outside."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    broker: str | None = Field(None, examples=["kafka://localhost:9092"])
    """Kafka, as kafka://host:port[,host:port..]. Without it `kpi demo` and `kpi replay` embed one."""
    redis: SecretStr | None = Field(None, examples=["redis://localhost:6379/0"])
    """Redis, as redis://[user:password@]host:port/db, or rediss:// with TLS."""
    catalog: Path | None = None
    """A catalog of your own; the shipped one by default."""
    namespace: str = Field("kpi", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """Prefix of all Redis keys, and part of the consumer group's id."""
    group: str = naming.GROUP
    """Consumer group; its id is `<group>.<namespace>`."""
    topic: str = naming.EVENTS_TOPIC
    dead_letters_topic: str = naming.DEAD_LETTERS_TOPIC
    create_topics: bool = True
    """Create the topics when they do not exist."""
    topic_partitions: int = Field(4, ge=1, le=10_000)
    """Partitions of a topic that is created."""
    ends_at: Literal["wall", "events"] = "wall"
    """Windows end at the wall clock, or at the newest accepted event (replays, back-tests)."""

    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca: Path | None = None
    """CA certificates for TLS, as a PEM file; those of the system by default."""

    worker_host: str = "127.0.0.1"
    worker_port: int = Field(6066, ge=0, le=65535)
    """Port of the worker's /metrics, /healthz and /readyz; 0 takes a free one."""
    board_host: str = "127.0.0.1"
    board_port: int = Field(8600, ge=0, le=65535)
    """Port of the board and of the KPI gauges; 0 takes a free one."""
    board_hosts: str | None = Field(None, examples=["kpis.example,kpis.internal"])
    """Names beside localhost that a board without a token, on this machine alone, may be asked by."""
    board_token: SecretStr | None = None
    """Whoever asks the board for anything but its health must give this token."""
    intake_host: str = "127.0.0.1"
    intake_port: int = Field(8700, ge=0, le=65535)
    """Port of the webhooks; 0 takes a free one."""
    intake_mapping: Path | None = None
    """A mapping of vendors' stages, statuses and fields of your own; the shipped intake.yaml by default."""
    intake_url: str | None = Field(None, examples=["https://events.example"])
    """The address by which vendors reach the webhooks, without a path: HubSpot signs it."""
    intake_tokens: SecretStr | None = None
    """Bearer tokens for POST /events, with commas between them: the new one beside the old one."""
    intake_salesforce_tokens: SecretStr | None = None
    """Bearer tokens for POST /salesforce."""
    intake_hubspot_secrets: SecretStr | None = None
    """Client secrets of the HubSpot apps that POST to /hubspot, with commas between them."""
    intake_hubspot_legacy: bool = False
    """Accept HubSpot's old signatures (v1, v2) as well: a recorded request passes with them for ever."""
    intake_zendesk_secrets: SecretStr | None = None
    """Signing secrets of the Zendesk webhooks that POST to /zendesk."""
    intake_stripe_secrets: SecretStr | None = None
    """Signing secrets (whsec_...) of the Stripe endpoints that POST to /stripe."""
    intake_body_bytes: int = Field(2_000_000, ge=1_000, le=100_000_000)
    """A request with a larger body is refused (413)."""
    intake_rate: float = Field(2_000, gt=0)
    """Requests a second that a vendor may make; what is beyond is to come again later (429)."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    series_limit: int = Field(500_000, ge=1)
    """A catalog whose gauges may have more series is refused."""

    commit_events: int = Field(10_000, ge=1)
    """A commit holds at most about this many events,"""
    commit_bytes: int = Field(4_000_000, ge=1_000)
    """this many bytes of records,"""
    commit_ms: int = Field(500, ge=1)
    """and the events of this many milliseconds."""
    dead_letter_share: float = Field(0.5, ge=0, le=1)
    """A partition is held when more than this share of its last 1,000 records cannot be counted; 1: never."""
    session_timeout_ms: int = Field(10_000, ge=1_000)
    """After so long without a heartbeat the group gives a worker's partitions to others."""
    stall_s: float = Field(60, gt=0)
    """A partition that lags and has not moved for so many seconds ends the worker, to be started again."""
    partitioner: Literal["murmur2"] | None = None
    """Check that each key lies where this partitioner (Java's default) puts it; empty checks nothing."""

    @field_validator("broker")
    @classmethod
    def _broker_is_kafka(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"kafka://[^\s/:,]+:\d{1,5}(,[^\s/:,]+:\d{1,5})*", value):
            raise ValueError("write kafka://host:port, or kafka://host:port,host:port")
        return value or None

    @field_validator("redis")
    @classmethod
    def _redis_is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and not (text.startswith(("redis://", "rediss://")) and _is_url(text)):
            raise ValueError("write redis://host:port/db")
        return value if text else None

    @field_validator("board_hosts")
    @classmethod
    def _hosts_are_names(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"[A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*", value):
            raise ValueError("write names without a port: kpis.example,kpis.internal")
        return value or None

    @field_validator("intake_url")
    @classmethod
    def _url_has_no_path(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"https?://[^\s/?#]+", value):
            raise ValueError("write https://host, or https://host:port, without a path")
        return value or None

    @field_validator(
        "intake_tokens",
        "intake_salesforce_tokens",
        "intake_hubspot_secrets",
        "intake_zendesk_secrets",
        "intake_stripe_secrets",
    )
    @classmethod
    def _secrets_are_long(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and not all(re.fullmatch(r"[!-+\--~]{12,}", one) for one in text.split(",")):
            raise ValueError("write at least 12 characters each, no spaces, commas between several")
        return value if text else None

    @field_validator("board_token")
    @classmethod
    def _token_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and not re.fullmatch(r"[!-~]{12,}", text):
            raise ValueError("write at least 12 characters: letters, digits and signs, no spaces")
        return value if text else None

    @model_validator(mode="after")
    def _sasl_has_a_user(self) -> Self:
        if self.kafka_security.startswith("SASL") and not (self.kafka_user and self.kafka_password):
            raise ValueError(
                f"KPI_KAFKA_SECURITY={self.kafka_security} needs KPI_KAFKA_USER and KPI_KAFKA_PASSWORD"
            )
        return self

    @classmethod
    def read(cls, **given: Any) -> "Settings":
        """The settings of this process; `given` ones go first. SettingsError for a wrong one."""
        try:
            return cls(**given)
        except ValidationError as error:
            raise SettingsError("\n".join(_fault(fault) for fault in error.errors())) from None

    # -- What the clients want ----------------------------------------------------------------------------

    def bootstrap_servers(self) -> str:
        """host:port[,host:port..]; SettingsError when no broker is set."""
        if self.broker is None:
            raise SettingsError("KPI_BROKER is not set; e.g. KPI_BROKER=kafka://localhost:9092")
        return self.broker.removeprefix("kafka://")

    def redis_url(self) -> str:
        """SettingsError when no Redis is set."""
        if self.redis is None:
            raise SettingsError("KPI_REDIS is not set; e.g. KPI_REDIS=redis://localhost:6379/0")
        return self.redis.get_secret_value()

    def secrets(self, name: str) -> tuple[str, ...]:
        """The secrets that a setting lists, such as `intake_stripe_secrets`; none when it is not set."""
        value: SecretStr | None = getattr(self, name)
        return tuple(filter(None, value.get_secret_value().split(","))) if value else ()

    def takes_webhooks(self) -> bool:
        """Whether anybody could send one: there is a secret of one of the webhooks."""
        return any(
            self.secrets(name)
            for name in type(self).model_fields
            if name.startswith("intake_") and name.endswith(("_tokens", "_secrets"))
        )

    def group_id(self) -> str:
        return naming.group_id(self.group, self.namespace)

    def kafka_client(self) -> dict[str, Any]:
        """Arguments that every aiokafka client takes; SettingsError when they cannot be had."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers(),
            "security_protocol": self.kafka_security,
        }
        if self.kafka_security.endswith("SSL"):
            arguments["ssl_context"] = self._tls()
        if self.kafka_security.startswith("SASL"):
            arguments["sasl_mechanism"] = self.kafka_mechanism
            arguments["sasl_plain_username"] = self.kafka_user
            arguments["sasl_plain_password"] = (
                self.kafka_password.get_secret_value() if self.kafka_password else None
            )
        return arguments

    def librdkafka_client(self) -> dict[str, Any]:
        """The same for clients that are made of librdkafka (confluent-kafka); SettingsError as there."""
        arguments: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers(),
            "security.protocol": self.kafka_security,
        }
        if self.kafka_security.endswith("SSL"):
            self._tls()  # says what is wrong with the file better than librdkafka does
            arguments["ssl.ca.location"] = str(self.kafka_ca or "probe")
        if self.kafka_security.startswith("SASL"):
            arguments["sasl.mechanism"] = self.kafka_mechanism
            arguments["sasl.username"] = self.kafka_user
            arguments["sasl.password"] = (
                self.kafka_password.get_secret_value() if self.kafka_password else None
            )
        return arguments

    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.kafka_ca)
        except OSError as error:  # that is also of a file without certificates
            raise SettingsError(f"KPI_KAFKA_CA: {self.kafka_ca}: {error.strerror or error}") from None

    def catalog_text(self) -> tuple[str, str]:
        """(text, name) of the catalog; SettingsError when the file cannot be read."""
        if self.catalog is None:
            return resources.files("schemas").joinpath("catalog.yaml").read_text(
                encoding="utf-8"
            ), "catalog.yaml"
        try:
            return self.catalog.read_text(encoding="utf-8"), str(self.catalog)
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{self.catalog}: {getattr(error, 'strerror', None) or error}") from None

    def environment(self) -> dict[str, str]:
        """The KPI_... variables that give a child process these settings."""
        variables = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            variables[f"{PREFIX}{name.upper()}"] = "" if value is None else str(value)
        return variables

    def redacted(self) -> dict[str, str]:
        """Variable -> value as people may see it."""
        shown = {name: value for name, value in self.environment().items() if value != ""}
        for name in shown:
            if name.endswith(("PASSWORD", "TOKEN", "TOKENS", "SECRETS")):
                shown[name] = HIDDEN
            if name == f"{PREFIX}REDIS":
                shown[name] = _without_password(shown[name])
        return shown


def _is_url(text: str) -> bool:
    try:
        return urlsplit(text).port != 0
    except ValueError:
        return False


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    query = _PASSWORD_PARAMETER.sub(HIDDEN, parts.query)
    netloc = parts.netloc
    if parts.password is not None:
        netloc = netloc.replace(f":{parts.password}@", f":{HIDDEN}@")
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def _fault(fault: Any) -> str:
    """One of pydantic's errors, with the variable that it is about."""
    text = str(fault["msg"]).removeprefix("Value error, ")
    return f"{PREFIX}{str(fault['loc'][0]).upper()}: {text}" if fault["loc"] else text
