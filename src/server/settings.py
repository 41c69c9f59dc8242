"""Every setting of the program. Nothing else reads the environment."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "VIEWGRAPH_"


class Settings(BaseSettings):
    """Each is read from the variable of its name in capitals, behind VIEWGRAPH_."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    database_url: str = Field(
        default="sqlite:///viewgraph.sqlite3",
        description="Where the data is: `sqlite:///FILE`, or `postgresql://USER:PASSWORD@HOST/DATABASE`.",
    )
    database_readers: int = Field(
        default=4, ge=1, description="How many connections each worker holds open for reading."
    )
    host: str = Field(default="127.0.0.1", description="The address that `serve` listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port that `serve` listens on.")
    workers: int = Field(default=1, ge=1, description="How many processes serve; SQLite allows several too.")
    forwarded_allow_ips: str = Field(
        default="127.0.0.1",
        description="Proxies whose X-Forwarded-For is believed, separated by commas; `*` for all.",
    )
    log_level: str = Field(
        default="info", description="How much is logged: critical, error, warning, info or debug."
    )
    secret: SecretStr | None = Field(
        default=None,
        description=(
            "Signs access tokens and hashes visitors; 32 characters or more. `serve` makes one when there is "
            "none, and stores it beside the database."
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

    def variables(self) -> dict[str, str]:
        """What was given, as the environment of a worker that shall have the same settings."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            PREFIX + name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in given.items()
            if value is not None
        }
