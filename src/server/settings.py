"""Every setting of the program. Nothing else reads the environment."""

import re
from typing import Any, Literal

from limits import parse
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from base.token_buckets import parse_rate
from server.failures import Failure
from server.http.server_timing import TimingAudience
from server.logs import LogFormat

PREFIX = "VIEWGRAPH_"
SHORTEST_SECRET = 32
_LARGEST_LIMIT = 2**31 - 1
"""What an Int of GraphQL holds."""
# No path, no capitals, and no port that the scheme implies: a browser writes none of them.
_ORIGIN = re.compile(r"(?:http(?!.*:80$)|https(?!.*:443$))://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_PATH = re.compile(r"(?:/[A-Za-z0-9_.~-]*[A-Za-z0-9_~-])+")
_TAKEN = ("/graphql", "/reports", "/viewer.js", "/livez", "/readyz", "/health")
"""By other things that the server has."""
_DRIVERS = {"sqlite", "sqlite+aiosqlite", "postgresql", "postgres", "postgresql+asyncpg"}
_PRIVATE = {
    "database_url",
    "secret",
    "previous_secrets",
    "youtube_api_key",
    "soundcloud_client_id",
    "soundcloud_client_secret",
    "x_bearer_token",
    "facebook_access_token",
    "instagram_access_token",
}


def _setting(default: Any, description: str) -> Any:
    return Field(default=default, description=description)


def _number(default: int, description: str, *, least: int) -> Any:
    return Field(default=default, ge=least, description=description)


class Settings(BaseSettings):
    """Each is read from the variable of its name in capitals, behind VIEWGRAPH_, unless that is empty."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    database_url: str = _setting(
        "sqlite:///viewgraph.sqlite3",
        "Where the data is: `sqlite:///FILE`, or `postgresql://USER:PASSWORD@HOST/DATABASE`.",
    )
    database_readers: int = _number(
        4,
        "How many statements each worker reads by at a time, for which it holds up to four times as "
        "many connections open.",
        least=1,
    )
    host: str = _setting("127.0.0.1", "The address that `serve` listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="The port that `serve` listens on.")
    workers: int = _number(1, "How many processes serve; SQLite allows several too.", least=1)
    forwarded_allow_ips: str = _setting(
        "127.0.0.1",
        "Proxies whose X-Forwarded-For is believed, separated by commas; `*` for all.",
    )
    log_level: Literal["critical", "error", "warning", "info", "debug"] = _setting(
        "info",
        "How much is logged: critical, error, warning, info or debug.",
    )
    log_format: LogFormat = _setting(
        "auto",
        "How it is written: json, text, or auto for text on a terminal and json elsewhere.",
    )
    log_documents: bool = _setting(
        False,
        "Whether the line of a request to `/graphql` says the document too, with an empty value in "
        "place of each text and number in it.",
    )
    server_timing: TimingAudience = _setting(
        TimingAudience.VIEWERS,
        "Who is told in the header `Server-Timing` how long an answer took: everybody, viewers (who "
        "are signed in) or nobody.",
    )
    secret: SecretStr | None = _setting(
        None,
        "Signs access tokens and links, and hashes visitors; 32 characters or more. `serve` makes "
        "one when there is none, and stores it beside the database.",
    )
    previous_secrets: SecretStr = _setting(
        SecretStr(""),
        "Secrets whose tokens are still accepted while they last, separated by commas.",
    )
    token_minutes: int = _number(60, "How long an access token is good for, in minutes.", least=1)
    token_issuer: str = _setting("viewgraph", "The `iss` of access tokens, and the only one accepted.")
    token_audience: str = _setting("viewgraph", "The `aud` of access tokens, and the only one accepted.")
    sign_ins_per_account: str = _setting(
        "10 per 15 minutes",
        "How often signing in to one account from one address may fail before it has to wait.",
    )
    sign_ins_of_strangers: str = _setting(
        "30 per 15 minutes",
        "How often signing in to one account may fail from all addresses together from which it was "
        "not used in the last 90 days; then these have to wait.",
    )
    sign_ins_per_address: str = _setting(
        "60 per 15 minutes",
        "How often one address may try to sign in, to whatever account, before it has to wait.",
    )
    query_cost_per_user: str = _setting(
        "300000 per minute",
        "What the queries of one user may cost: so much at once, and as much again in that time; "
        "`off` for anything.",
    )
    query_cost_per_address: str = _setting(
        "60000 per minute",
        "The same of one address, of which nobody is signed in.",
    )
    mutation_cost_per_user: str = _setting("300000 per minute", "The same of one user's mutations.")
    mutation_cost_per_address: str = _setting(
        "60000 per minute",
        "The same of the mutations of one address, of which nobody is signed in.",
    )
    cache_seconds: int = _number(
        3600,
        "How long the figures of a dashboard are kept while nothing changes them, in seconds; 0 for "
        "not at all.",
        least=0,
    )
    max_body_bytes: int = _number(5_000_000, "The largest body of a request, in bytes.", least=1000)
    cors_origins: str = _setting(
        "",
        "Sites whose pages may use `/graphql`, such as `https://app.example.com`, separated by "
        "commas; `*` for all.",
    )
    max_body_seconds: int = _number(
        30,
        "How long the body of a request to `/graphql` or `/collect`, or a message on a WebSocket, "
        "may take to come, in seconds.",
        least=1,
    )
    max_connections: int = _number(
        10_000,
        "How many connections may be open in each worker, of which WebSockets are some; beyond that "
        "only questions for its health are answered.",
        least=1,
    )
    max_connections_per_address: int = _number(
        256,
        "How many connections one address may have open in each worker, or requests at a time "
        "through a proxy; of IPv6, all addresses of a /64 together.",
        least=1,
    )
    max_header_bytes: int = _number(
        65_536, "How long the URL and the headers of a request may be together.", least=1_000
    )
    max_headers: int = _number(100, "How many headers a request may have.", least=10)
    max_header_seconds: int = _number(
        10, "How long the headers of a request may take to come, in seconds.", least=1
    )
    keep_alive_seconds: int = _number(
        65,
        "How long a connection waits for the next request, in seconds: longer than a proxy keeps it, "
        "so that the proxy ends it.",
        least=1,
    )
    max_unread_seconds: int = _number(
        60, "How long a client may read next to nothing of what waits for it, in seconds.", least=1
    )
    max_unread_bytes: int = _number(
        16_000_000,
        "How many bytes of answers may wait on one WebSocket to be read; then further operations get "
        "THROTTLED.",
        least=1_000,
    )
    max_query_seconds: int = _number(
        30,
        "How long a query may take, and any other statement that only reads; then it is given up, "
        "with TIMEOUT, and ends in the database too.",
        least=1,
    )
    persisted_query_bytes: int = _number(
        5_000_000,
        "How many bytes of documents each worker keeps that clients ask for by their hash (automatic "
        "persisted queries); 0 for none.",
        least=0,
    )
    trusted_documents: str = _setting(
        "",
        "A file of documents that clients ask for by their id: a manifest as Apollo, Relay or "
        "graphql-codegen write it.",
    )
    only_trusted_documents: bool = _setting(
        False,
        "Whether no other documents are executed than those of that file.",
    )
    draft_statuses: bool = _setting(
        False,
        "Whether who accepts `application/graphql-response+json` gets the statuses that the draft of "
        "GraphQL over HTTP recommends of late: 294 for data with errors, and 422 for a document or "
        "variables that do not fit the schema.",
    )
    max_subscriptions: int = _number(
        100,
        "How many subscriptions one user may have running in each worker, or one address of which "
        "nobody is signed in.",
        least=1,
    )
    max_sockets: int = _number(
        5_000, "How many WebSockets may be open in each worker, whatever runs on them.", least=1
    )
    max_sockets_per_address: int = _number(
        100, "How many of them one address may have open; of IPv6, all addresses of a /64 together.", least=1
    )
    socket_idle_seconds: int = _number(
        300, "How long a WebSocket on which nothing runs stays open, in seconds.", least=1
    )
    start_seconds: int = _number(
        60,
        "How long one of several workers may take to start, in seconds; then it is ended and another starts.",
        least=1,
    )
    stop_seconds: int = _number(
        15, "How long the server, told to stop, waits for what it is answering, in seconds.", least=1
    )
    max_page_size: int = _number(100, "The most that `first` and `last` may ask for.", least=1)
    max_range_days: int = _number(3660, "The widest range of days that may be asked for.", least=1)
    max_cost: int = _number(
        50_000, "The most that an operation may cost, by `@cost` and `@listSize` in the schema.", least=1
    )
    max_points: int = _number(
        25_000,
        "The most points that the series of an operation may have together, by `@seriesSize` in the schema.",
        least=1,
    )
    max_document_tokens: int = _number(
        5_000,
        "The longest document, in tokens: names, values and punctuation. It may have as many "
        "comments, and 20 times as many characters.",
        least=500,
    )
    max_batch_events: int = _number(5_000, "How many reported events share a transaction at most.", least=1)
    max_waiting_events: int = _number(
        50_000,
        "How many reported events wait in each worker at most. Then senders wait, and after 5 "
        "seconds get UNAVAILABLE.",
        least=1_000,
    )
    max_domains_per_day: int = _number(
        100,
        "How many sites are told apart of what happens to one subject on one day: when there are so "
        "many, what browsers report from others is counted under `(other)`.",
        least=1,
    )
    max_own_domains_per_day: int = _number(
        1_000, "The same for what a tenant's own servers report, and files.", least=1
    )
    events_per_address: str = _setting(
        "3000 per minute",
        "How many events one address may send to `/collect`, in each worker, where nobody is signed "
        "in; `off` for any number.",
    )
    events_per_subject: str = _setting(
        "30000 per minute",
        "The same about one subject, from all addresses together.",
    )
    max_offline_hours: int = Field(
        default=48,
        ge=1,
        le=744,
        description=(
            "How many hours ago at most what browsers report may have happened, as they may have been "
            "offline; 168 is a week."
        ),
    )
    honour_privacy_signals: bool = _setting(
        False,
        "Whether what browsers report that ask not to be tracked, by Do Not Track or Global Privacy "
        "Control, is dropped.",
    )
    collect_path: str = _setting(
        "/collect",
        "Where browsers may send events, beside `/collect`, such as `/shop/news`; the script for "
        "pages does so then.",
    )
    max_appointment_hours: int = _number(24, "How long an appointment may be, in hours.", least=1)
    max_appointments: int = _number(
        50, "How many appointments one person may have that are neither over nor cancelled.", least=1
    )
    max_appointments_of_publication: int = _number(
        10, "The same with the makers of one publication.", least=1
    )
    count_own_views: bool = _setting(
        False,
        "Whether what browsers report of makers, on what is theirs, is counted.",
    )
    score_reach_weight: float = Field(
        default=1.0,
        ge=0,
        allow_inf_nan=False,
        description="How much followers and plays count in a user's score, beside the other two parts.",
    )
    score_activity_weight: float = Field(
        default=1.0,
        ge=0,
        allow_inf_nan=False,
        description="How much roles, acts and works count in a user's score.",
    )
    score_interest_weight: float = Field(
        default=1.0,
        ge=0,
        allow_inf_nan=False,
        description="How much views, searches and connects count in a user's score.",
    )
    refresh_hours: int = _number(
        24,
        "How old a figure of another network may become before `serve` asks anew, in hours; with 0, "
        "`serve` does not ask by itself.",
        least=0,
    )
    youtube_api_key: SecretStr | None = _setting(
        None,
        "An API key of Google Cloud, good for the YouTube Data API v3.",
    )
    youtube_quota: str = _setting(
        "9000 per day",
        "How many calls YouTube may be asked for by all workers together.",
    )
    soundcloud_client_id: str | None = _setting(
        None,
        "The client id of an app that is registered with SoundCloud.",
    )
    soundcloud_client_secret: SecretStr | None = _setting(None, "The client secret of that app.")
    soundcloud_quota: str = _setting(
        "15000 per day",
        "How many calls SoundCloud may be asked for by all workers together.",
    )
    x_bearer_token: SecretStr | None = _setting(
        None,
        "The bearer token (app-only) of an app that is registered with X.",
    )
    x_quota: str = _setting(
        "300 per 15 minutes",
        "How many calls X may be asked for by all workers together.",
    )
    facebook_access_token: SecretStr | None = _setting(
        None,
        "An access token for Facebook's Graph API that may read public pages.",
    )
    facebook_quota: str = _setting(
        "200 per hour",
        "How many pages Facebook may be asked for by all workers together.",
    )
    instagram_user_id: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,20}$",
        description="The number of the professional Instagram account on whose behalf others are looked up.",
    )
    instagram_access_token: SecretStr | None = _setting(
        None,
        "An access token of that account's user, with `instagram_basic`.",
    )
    instagram_quota: str = _setting(
        "200 per hour",
        "How many accounts Instagram may be asked for by all workers together.",
    )
    graphiql: bool = _setting(True, "Whether GET /graphql shows GraphiQL to browsers.")
    introspection: bool = _setting(
        True,
        "Whether anybody may ask for the schema, as GraphiQL does, and whether errors suggest names "
        "that are in it.",
    )
    demo: bool = _setting(
        False,
        "Whether `serve` shows the demo sign-ins when it starts, and GraphiQL offers them.",
    )

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

    @field_validator(
        "youtube_api_key",
        "soundcloud_client_id",
        "soundcloud_client_secret",
        "x_bearer_token",
        "facebook_access_token",
        "instagram_access_token",
    )
    @classmethod
    def _fits_a_header(cls, given: SecretStr | str | None) -> SecretStr | str | None:
        text = given.get_secret_value() if isinstance(given, SecretStr) else given
        if text is not None and not re.fullmatch(r"[!-~]+", text):
            raise ValueError("A credential has visible ASCII characters alone, and no spaces")
        return given

    @field_validator("score_interest_weight")
    @classmethod
    def _leaves_a_score(cls, weight: float, given: ValidationInfo) -> float:
        others = (given.data.get("score_reach_weight", 1), given.data.get("score_activity_weight", 1))
        if not weight and not any(others):
            raise ValueError("One of the three weights is more than 0")
        return weight

    @field_validator(
        "youtube_quota",
        "soundcloud_quota",
        "x_quota",
        "facebook_quota",
        "instagram_quota",
    )
    @classmethod
    def _is_a_rate(cls, text: str) -> str:
        try:
            parse(text)
        except ValueError:
            raise ValueError("Give a rate, such as `10 per 15 minutes`") from None
        return text

    @field_validator(
        "sign_ins_per_account",
        "sign_ins_of_strangers",
        "sign_ins_per_address",
        "query_cost_per_user",
        "query_cost_per_address",
        "mutation_cost_per_user",
        "mutation_cost_per_address",
        "events_per_address",
        "events_per_subject",
    )
    @classmethod
    def _is_a_limit(cls, text: str) -> str:
        try:
            rate = parse_rate(text)
        except ValueError:
            raise ValueError("Give a rate, such as `10 per 15 minutes`, or `off`") from None
        if rate and rate.size > _LARGEST_LIMIT:
            raise ValueError(f"{_LARGEST_LIMIT:,} is the most; `off` is for anything")
        return text

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        for origin in _parts(text):
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError("Give origins as browsers do, such as `https://app.example.com:8443`")
        return text

    @field_validator("collect_path")
    @classmethod
    def _is_a_free_path(cls, path: str) -> str:
        if not _PATH.fullmatch(path) or path.startswith(_TAKEN):
            raise ValueError(
                f"Give a path, such as `/shop/news`, that does not begin with {', '.join(_TAKEN)}"
            )
        return path

    @field_validator("only_trusted_documents")
    @classmethod
    def _trusts_some(cls, is_so: bool, given: ValidationInfo) -> bool:
        if is_so and not given.data.get("trusted_documents"):
            raise ValueError("Name a file of documents by VIEWGRAPH_TRUSTED_DOCUMENTS")
        return is_so

    def shared_origins(self) -> list[str]:
        return _parts(self.cors_origins)

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
    return _parts(secrets.get_secret_value())


def _parts(text: str) -> list[str]:
    """Of what is separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
