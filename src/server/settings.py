"""Every setting of the program. Nothing else reads the environment."""

from typing import Any, Literal

from limits import parse
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from server.failures import Failure

PREFIX = "VIEWGRAPH_"
SHORTEST_SECRET = 32
_DRIVERS = {"sqlite", "sqlite+aiosqlite", "postgresql", "postgres", "postgresql+asyncpg"}
_PRIVATE = {"database_url", "secret", "previous_secrets"}


class Settings(BaseSettings):
    """Each is read from the variable of its name in capitals, behind VIEWGRAPH_, unless that is empty."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    database_url: str = Field(
        default="sqlite:///viewgraph.sqlite3",
        description="Where the data is: `sqlite:///FILE`, or `postgresql://USER:PASSWORD@HOST/DATABASE`.",
    )
    database_readers: int = Field(
        default=4, ge=1, description="How many connections each worker holds open for reading."
    )
    host: str = Field(default="127.0.0.1", description="The address that `serve` listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="The port that `serve` listens on.")
    workers: int = Field(default=1, ge=1, description="How many processes serve; SQLite allows several too.")
    forwarded_allow_ips: str = Field(
        default="127.0.0.1",
        description="Proxies whose X-Forwarded-For is believed, separated by commas; `*` for all.",
    )
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        default="info", description="How much is logged: critical, error, warning, info or debug."
    )
    secret: SecretStr | None = Field(
        default=None,
        description=(
            "Signs access tokens and links, and hashes visitors; 32 characters or more. `serve` makes one "
            "when there is none, and stores it beside the database."
        ),
    )
    previous_secrets: SecretStr = Field(
        default=SecretStr(""),
        description="Secrets whose tokens are still accepted while they last, separated by commas.",
    )
    token_minutes: int = Field(
        default=60, ge=1, description="How long an access token is good for, in minutes."
    )
    token_issuer: str = Field(
        default="viewgraph", description="The `iss` of access tokens, and the only one accepted."
    )
    token_audience: str = Field(
        default="viewgraph", description="The `aud` of access tokens, and the only one accepted."
    )
    sign_ins_per_account: str = Field(
        default="10 per 15 minutes",
        description="How often one account may fail to sign in, in each worker, before it has to wait.",
    )
    sign_ins_per_address: str = Field(
        default="60 per 15 minutes",
        description="How often one address may try to sign in, in each worker, before it has to wait.",
    )
    cache_seconds: int = Field(
        default=3600,
        ge=0,
        description="How old the figures of a dashboard may be, in seconds; 0 for not at all.",
    )
    max_body_bytes: int = Field(
        default=5_000_000, ge=1000, description="The largest body of a request, in bytes."
    )
    max_page_size: int = Field(default=100, ge=1, description="The most that `first` and `last` may ask for.")
    max_range_days: int = Field(
        default=3660, ge=1, description="The widest range of days that may be asked for."
    )
    graphiql: bool = Field(default=True, description="Whether GET /graphql shows GraphiQL to browsers.")
    demo: bool = Field(default=False, description="Whether `serve` shows the demo sign-ins when it starts.")

    @field_validator("database_url")
    @classmethod
    def _names_a_database(cls, text: str) -> str:
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            url = None
        if url is None or url.drivername not in _DRIVERS:
            raise ValueError("Give `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError("Name a file, as in `sqlite:///FILE`: each connection would have its own data")
        return text

    @field_validator("secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and len(secret) < SHORTEST_SECRET:
            raise ValueError(f"A secret has {SHORTEST_SECRET} characters or more")
        return secret

    @field_validator("previous_secrets")
    @classmethod
    def _are_long_enough(cls, secrets: SecretStr) -> SecretStr:
        if any(len(secret) < SHORTEST_SECRET for secret in _listed(secrets)):
            raise ValueError(f"Each secret has {SHORTEST_SECRET} characters or more")
        return secrets

    @field_validator("sign_ins_per_account", "sign_ins_per_address")
    @classmethod
    def _is_a_rate(cls, text: str) -> str:
        try:
            parse(text)
        except ValueError:
            raise ValueError("Give a rate, such as `10 per 15 minutes`") from None
        return text

    def verifying_secrets(self) -> list[str]:
        return _listed(self.previous_secrets)

    def variables(self) -> dict[str, str]:
        """What was given, as the environment of a worker that shall have the same settings."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            variable(name): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in given.items()
            if value is not None
        }


def variable(name: str) -> str:
    return PREFIX + name.upper()


def settings_with(**options: Any) -> Settings:
    """From the environment, but for the options that are not None. Raises Failure, naming what is wrong."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as invalid:
        raise Failure("\n".join(_complaint(dict(error), given) for error in invalid.errors())) from None


def _complaint(error: dict[str, Any], options: dict[str, Any]) -> str:
    name = str(error["loc"][0])
    said = f"--{name.replace('_', '-')}" if name in options else variable(name)
    shown = "" if name in _PRIVATE else f" is {error['input']!r}"
    return f"{said}{shown}: {error['msg'].removeprefix('Value error, ')}."


def _listed(secrets: SecretStr) -> list[str]:
    return [text.strip() for text in secrets.get_secret_value().split(",") if text.strip()]
