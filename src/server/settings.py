"""Every setting of the program. Nothing else reads the environment."""

import re
from typing import Any, Literal

from limits import parse
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from base.token_buckets import parse_rate
from database import url_of
from server.failures import Failure
from server.http.forwarded import PATH, TAKEN_PATHS
from server.http.server_timing import TimingAudience
from server.logs import LogFormat
from server.secret_file import SHORTEST_SECRET, Purpose

PREFIX = "VIEWGRAPH_"
_SHORTEST_TOKEN = 16
_LARGEST_LIMIT = 2**31 - 1
"""What an Int of GraphQL holds."""
# No path, no capitals, and no port that the scheme implies: a browser writes none of them.
_ORIGIN = re.compile(r"(?:http(?!.*:80$)|https(?!.*:443$))://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_OF_REQUEST = "request"
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Nobody can reach the address that stands for all of them."""
_SAFE_ADDRESS = re.compile(
    r"https://[^\s#/]+(?:/[^\s#]*)?|http://(?:localhost|127\.[0-9.]+|\[::1\])(?::[0-9]{1,5})?(?:/[^\s#]*)?"
)
_PRIVATE = {
    "database_url",
    "secret",
    "previous_secrets",
    "link_secret",
    "previous_link_secrets",
    "visitor_secret",
    "previous_visitor_secrets",
    "metrics_token",
    "mail_webhook",
    "mail_webhook_token",
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
    """Each setting is read from the variable VIEWGRAPH_ plus its name in capitals, unless that is empty."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    database_url: str = _setting(
        "sqlite:///viewgraph.sqlite3",
        "Where the data is: `sqlite:///FILE`, or `postgresql://USER:PASSWORD@HOST/DATABASE`.",
    )
    database_readers: int = _number(
        4,
        "How many reading statements each worker runs at a time. For them it holds up to five times as "
        "many connections open, on SQLite four times.",
        least=1,
    )
    host: str = _setting("127.0.0.1", "The address that `serve` listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="The port that `serve` listens on.")
    workers: int = _number(1, "How many processes serve; SQLite allows several too.", least=1)
    forwarded_allow_ips: str = _setting(
        "127.0.0.1,::1",
        "Proxies whose X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Prefix are believed: addresses or "
        "networks, such as `10.0.0.0/8`, separated by commas; `*` for all.",
    )
    root_path: str = _setting(
        "",
        "The path below which clients find the server, such as `/figures`, if a proxy puts it there. The "
        "proxy may take it away from the path or leave it. Without it, X-Forwarded-Prefix says it.",
    )
    public_origin: str = _setting(
        "",
        "Where links to reports lead, such as `https://figures.example.com`; `request` for the host and the "
        "scheme that the request names. Without it, they lead to the address that `serve` listens on.",
    )
    metrics_token: SecretStr | None = _setting(
        None,
        "The token with which Prometheus reads `/metrics`; 16 characters or more. Without it, there is no "
        "such path.",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description=(
            "A port of its own, on which Prometheus reads the metrics without a token. If it is absent, "
            "there is none."
        ),
    )
    metrics_host: str = _setting("127.0.0.1", "The address that this port listens on.")
    traces_url: str = _setting(
        "",
        "Where traces are sent: the address of a collector of OpenTelemetry that takes OTLP over HTTP, such "
        "as `http://127.0.0.1:4318/v1/traces`. If it is empty, nothing is traced.",
    )
    traces_share: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description=(
            "Which share of the requests is traced. A request with a `traceparent` is traced if that says so."
        ),
    )
    log_level: Literal["critical", "error", "warning", "info", "debug"] = _setting(
        "info",
        "How much is logged: critical, error, warning, info or debug.",
    )
    log_format: LogFormat = _setting(
        "auto",
        "How the log is written: json, text, or auto for text on a terminal and json elsewhere.",
    )
    log_documents: bool = _setting(
        False,
        "Whether the log line of a request to `/graphql` has the document too, with an empty value in "
        "place of each text and number in it.",
    )
    server_timing: TimingAudience = _setting(
        TimingAudience.VIEWERS,
        "Who gets the header `Server-Timing`, which says how long an answer took: everybody, viewers (who "
        "are signed in) or nobody.",
    )
    secret: SecretStr | None = _setting(
        None,
        "The secret that signs access tokens; 32 characters or more. It is for links and visitors, too, if "
        "these have none of their own. Without it, `serve` makes three secrets, and stores them in a file.",
    )
    link_secret: SecretStr | None = _setting(
        None, "The secret that signs links to reports; 32 characters or more."
    )
    visitor_secret: SecretStr | None = _setting(
        None,
        "The secret under which visitors and addresses are hashed; 32 characters or more.",
    )
    previous_secrets: SecretStr = _setting(
        SecretStr(""),
        "Other secrets of access tokens, separated by commas: older ones, and the next one. Tokens that they "
        "signed are accepted until they expire.",
    )
    previous_link_secrets: SecretStr = _setting(SecretStr(""), "The same for links.")
    previous_visitor_secrets: SecretStr = _setting(
        SecretStr(""),
        "Other secrets of visitors, separated by commas. They keep the visitors of a day what they are until "
        "that day is over.",
    )
    secret_file: str = _setting(
        "",
        "The file of the secrets that `serve` makes. If it is empty, that is `FILE.secret` beside an SQLite "
        "file, or `viewgraph.secret` in the current folder for PostgreSQL.",
    )
    token_minutes: int = _number(60, "How long an access token is valid, in minutes.", least=1)
    token_issuer: str = _setting("viewgraph", "The `iss` of access tokens, and the only one accepted.")
    token_audience: str = _setting("viewgraph", "The `aud` of access tokens, and the only one accepted.")
    refresh_days: int = _number(
        30,
        "How many days a sign-in goes on by refresh tokens without being used; with 0, there are no refresh "
        "tokens.",
        least=0,
    )
    sign_in_days: int = _number(
        90,
        "How many days a sign-in goes on by refresh tokens at most, however often it is used; 0 for ever.",
        least=0,
    )
    sign_ins_per_account: str = _setting(
        "10 per 15 minutes",
        "How often signing in to one account may fail from one address before that address has to wait.",
    )
    sign_ins_of_strangers: str = _setting(
        "30 per 15 minutes",
        "How often signing in to one account may fail from all addresses together from which nobody signed "
        "in to it in the last 90 days; then these addresses have to wait.",
    )
    sign_ins_per_address: str = _setting(
        "60 per 15 minutes",
        "How often one address may try to sign in, to any account, before it has to wait.",
    )
    mail_webhook: str = _setting(
        "",
        "The address that is told of each mail to send, such as a link for a new password: it gets JSON by "
        "POST. Without it, no mail is sent.",
    )
    mail_webhook_token: SecretStr | None = _setting(
        None,
        "A token that the webhook gets as `Authorization: Bearer TOKEN`; 16 characters or more.",
    )
    mails_per_address: str = _setting(
        "5 per hour", "How many mails with a link one address may get; `off` for any number."
    )
    account_page: str = _setting(
        "",
        "The page of your site that the links in mail lead to, such as `https://app.example.com/account`. It "
        "finds the kind of the link and its token behind the `#`. Without it, they lead to `/studio/account` "
        "below `VIEWGRAPH_PUBLIC_ORIGIN`, if that is an address of https, and the studio is on.",
    )
    link_minutes: int = _number(60, "How long such a link is good, in minutes.", least=1)
    sign_up: bool = _setting(
        False,
        "Whether people may make accounts by `signUp`. It needs `VIEWGRAPH_MAIL_WEBHOOK`.",
    )
    oidc_issuer: str = _setting(
        "",
        "An issuer of OpenID Connect whose tokens are accepted, too: the `iss` of its tokens, such as "
        "`https://id.example.com`.",
    )
    oidc_audience: str = _setting(
        "",
        "The `aud` that a token of that issuer needs to have; several are separated by commas, and one of "
        "them is enough.",
    )
    oidc_key_set: str = _setting(
        "",
        "The address of the issuer's keys (JWKS). Without it, the issuer's description at "
        "`/.well-known/openid-configuration` names it.",
    )
    oidc_links_by_email: bool = _setting(
        False,
        "Whether a token of an account that was not seen before acts as the user who has its email, if the "
        "issuer says that it has confirmed the email.",
    )
    oidc_creates_users: bool = _setting(
        False,
        "Whether a token of an account that was not seen before makes a user, if nobody has its email and "
        "the issuer says that it has confirmed the email.",
    )
    query_cost_per_user: str = _setting(
        "300000 per minute",
        "What the queries of one user may cost: so much at once, and as much again in that time; "
        "`off` for no limit.",
    )
    query_cost_per_address: str = _setting(
        "60000 per minute",
        "The same for the queries of one address from which nobody is signed in.",
    )
    mutation_cost_per_user: str = _setting("300000 per minute", "The same for the mutations of one user.")
    mutation_cost_per_address: str = _setting(
        "60000 per minute",
        "The same for the mutations of one address from which nobody is signed in.",
    )
    cache_seconds: int = _number(
        3600,
        "How long a worker keeps the figures of a publication while nothing changes them, in seconds; with 0 "
        "it does not keep them.",
        least=0,
    )
    kept_answer_bytes: int = _number(
        8_000_000,
        "How many bytes of answers to queries a worker keeps, to answer the same request again while nothing "
        "changes; with 0, or if `VIEWGRAPH_CACHE_SECONDS` is 0, it keeps none.",
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
        "may take to arrive, in seconds.",
        least=1,
    )
    max_connections: int = _number(
        10_000,
        "How many connections may be open in each worker, including WebSockets; beyond that "
        "only checks of its health are answered.",
        least=1,
    )
    max_connections_per_address: int = _number(
        256,
        "How many connections one address may have open in each worker, or requests at a time "
        "through a proxy; all addresses of an IPv6 /64 count together.",
        least=1,
    )
    max_header_bytes: int = _number(
        65_536, "How long the URL and the headers of a request may be together.", least=1_000
    )
    max_headers: int = _number(100, "How many headers a request may have.", least=10)
    max_header_seconds: int = _number(
        10, "How long the headers of a request may take to arrive, in seconds.", least=1
    )
    keep_alive_seconds: int = _number(
        65,
        "How long a connection waits for the next request, in seconds. Set it longer than a proxy keeps its "
        "connections, so that the proxy ends them.",
        least=1,
    )
    max_unread_seconds: int = _number(
        60,
        "How long a client may read next to nothing of its answers before it is disconnected, in seconds.",
        least=1,
    )
    max_unread_bytes: int = _number(
        16_000_000,
        "How many bytes of answers may wait on one WebSocket until the client reads them; then further "
        "operations get THROTTLED.",
        least=1_000,
    )
    max_query_seconds: int = _number(
        30,
        "How long a query may take, in seconds, and any other statement that only reads; then it is given "
        "up, with TIMEOUT, and ends in the database too.",
        least=1,
    )
    persisted_query_bytes: int = _number(
        5_000_000,
        "How many bytes of documents each worker keeps so that clients can ask for them by their hash "
        "(automatic persisted queries); 0 for none.",
        least=0,
    )
    trusted_documents: str = _setting(
        "",
        "A file of documents that clients ask for by their id: a manifest as Apollo, Relay or "
        "graphql-codegen write it.",
    )
    only_trusted_documents: bool = _setting(
        False,
        "Whether only the documents of that file are executed.",
    )
    draft_statuses: bool = _setting(
        False,
        "Whether clients that accept `application/graphql-response+json` get the statuses of the newest "
        "draft of GraphQL over HTTP: 294 for data with errors, and 422 for a document or variables that do "
        "not fit the schema.",
    )
    max_subscriptions: int = _number(
        100,
        "How many subscriptions one user may have running in each worker, or one address from which "
        "nobody is signed in.",
        least=1,
    )
    max_sockets: int = _number(5_000, "How many WebSockets may be open in each worker.", least=1)
    max_sockets_per_address: int = _number(
        100,
        "How many WebSockets one address may have open in each worker; all addresses of an IPv6 /64 count "
        "together.",
        least=1,
    )
    socket_idle_seconds: int = _number(
        300, "How long a WebSocket on which nothing runs stays open, in seconds.", least=1
    )
    start_seconds: int = _number(
        60,
        "How long each of several workers may take to start, in seconds; then another replaces it.",
        least=1,
    )
    stop_seconds: int = _number(
        15, "How long the server waits for running requests when it has to stop, in seconds.", least=1
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
    max_operations: int = _number(
        0,
        "How many operations a request may have that is a list of them, as `BatchHttpLink` of Apollo Client "
        "sends it; 0 refuses lists. Each may take as long as a request of its own, and 4 queries run side by "
        "side.",
        least=0,
    )
    max_document_tokens: int = _number(
        5_000,
        "The longest document, in tokens: names, values and punctuation. It may have as many comments as "
        "tokens, and 20 times as many characters.",
        least=500,
    )
    max_batch_events: int = _number(
        16_000,
        "How many reported events share a transaction at most. More than 5,000 do only if they would take no "
        "longer than 0.2 seconds, at the pace of the batch before.",
        least=1,
    )
    max_waiting_events: int = _number(
        50_000,
        "How many reported events wait in each worker at most. Then senders wait, and after 5 "
        "seconds get UNAVAILABLE.",
        least=1_000,
    )
    max_domains_per_day: int = _number(
        100,
        "How many sites each subject has on one day. When there are so many, events of browsers from further "
        "sites count under `(other)`.",
        least=1,
    )
    max_own_domains_per_day: int = _number(
        1_000, "The same for events of a tenant's own servers and of files.", least=1
    )
    events_per_address: str = _setting(
        "3000 per minute",
        "How many events one address from which nobody is signed in may send to `/collect`, in each worker; "
        "`off` for any number.",
    )
    events_per_subject: str = _setting(
        "30000 per minute",
        "How many events all addresses together from which nobody is signed in may send about one subject, "
        "in each worker; `off` for any number.",
    )
    max_offline_hours: int = Field(
        default=48,
        ge=1,
        le=744,
        description=(
            "How many hours old the events of browsers may be, which may have been offline; 168 is a week."
        ),
    )
    honour_privacy_signals: bool = _setting(
        False,
        "Whether to drop the events of browsers that ask not to be tracked, by Do Not Track or Global "
        "Privacy Control.",
    )
    keep_event_days: int = _number(
        0,
        "How many days before today the server keeps raw events, and who came on which day, as "
        "`viewgraph prune` does it; 0 for ever.",
        least=0,
    )
    keep_site_days: int = _number(
        0,
        "How many days before today totals say from which site events came; 0 for ever. It holds for months "
        "whose events are pruned.",
        least=0,
    )
    keep_day_total_days: int = _number(
        0,
        "How many days before today there are totals of single days, and distinct visitors; 0 for ever. "
        "Totals of months and of all time stay. It holds for months whose events are pruned.",
        least=0,
    )
    former_url_days: int = _number(
        90,
        "How many days a custom URL that a publication gave up leads to that publication and is kept from "
        "others; also that of a deleted publication, which leads nowhere.",
        least=0,
    )
    collect_path: str = _setting(
        "/collect",
        "A second path for events of browsers, beside `/collect`, such as `/shop/news`; the script "
        "for pages then uses it.",
    )
    max_appointment_hours: int = _number(24, "How long an appointment may be, in hours.", least=1)
    max_appointments: int = _number(
        50, "How many appointments one person may have that are neither over nor cancelled.", least=1
    )
    max_appointments_of_publication: int = _number(
        10, "How many of these one person may have with the makers of one publication.", least=1
    )
    count_own_views: bool = _setting(
        False,
        "Whether events count that browsers report while a maker is signed in and looks at the maker's own "
        "publication, profile or work.",
    )
    audit_days: int = _number(
        730,
        "How many days `viewgraph prune` leaves in the audit trail: it deletes older entries.",
        least=1,
    )
    score_reach_weight: float = Field(
        default=1.0,
        ge=0,
        allow_inf_nan=False,
        description="How much followers and plays count in a user's score, relative to the other two parts.",
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
        "How old a figure of another network may become before `serve` asks for it again, in hours; with 0, "
        "`serve` does not ask by itself.",
        least=0,
    )
    youtube_api_key: SecretStr | None = _setting(
        None,
        "An API key of Google Cloud that may use the YouTube Data API v3.",
    )
    youtube_quota: str = _setting(
        "9000 per day",
        "How many calls all workers together may make to YouTube.",
    )
    soundcloud_client_id: str | None = _setting(
        None,
        "The client id of an app that is registered with SoundCloud.",
    )
    soundcloud_client_secret: SecretStr | None = _setting(None, "The client secret of that app.")
    soundcloud_quota: str = _setting(
        "15000 per day",
        "How many calls all workers together may make to SoundCloud.",
    )
    x_bearer_token: SecretStr | None = _setting(
        None,
        "The bearer token (app-only) of an app that is registered with X.",
    )
    x_quota: str = _setting(
        "300 per 15 minutes",
        "How many calls all workers together may make to X.",
    )
    facebook_access_token: SecretStr | None = _setting(
        None,
        "An access token for Facebook's Graph API that may read public pages.",
    )
    facebook_quota: str = _setting(
        "200 per hour",
        "How many pages all workers together may ask Facebook for.",
    )
    instagram_user_id: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,20}$",
        description="The number of the professional Instagram account that looks up the other accounts.",
    )
    instagram_access_token: SecretStr | None = _setting(
        None,
        "An access token of that account's user, with `instagram_basic`.",
    )
    instagram_quota: str = _setting(
        "200 per hour",
        "How many accounts all workers together may ask Instagram for.",
    )
    graphiql: bool = _setting(True, "Whether GET /graphql shows GraphiQL to browsers.")
    studio: bool = _setting(
        True, "Whether /studio shows the page of figures, which is made of GraphQL alone."
    )
    rest: bool = _setting(
        True,
        "Whether the routes of the three REST APIs are served, with `/openapi.json` and its page.",
    )
    introspection: bool = _setting(
        True,
        "Whether clients may ask for the schema, as GraphiQL does, and whether errors suggest names from it.",
    )
    demo: bool = _setting(
        False,
        "Whether `serve` shows the demo sign-ins when it starts, and the studio and GraphiQL offer them.",
    )

    @field_validator("database_url")
    @classmethod
    def _names_a_database(cls, text: str) -> str:
        url_of(text)
        return text

    @field_validator("secret", "link_secret", "visitor_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and len(secret) < SHORTEST_SECRET:
            raise ValueError(f"A secret has {SHORTEST_SECRET} characters or more")
        return secret

    @field_validator("metrics_token", "mail_webhook_token")
    @classmethod
    def _is_a_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not re.fullmatch(rf"[!-~]{{{_SHORTEST_TOKEN},}}", token.get_secret_value()):
            raise ValueError(
                f"A token has {_SHORTEST_TOKEN} characters or more, which are visible ASCII and no spaces"
            )
        return token

    @field_validator("traces_url")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        if text and not re.fullmatch(r"https?://[!-~]+", text):
            raise ValueError("Give an address, such as `http://127.0.0.1:4318/v1/traces`")
        return text

    @field_validator("mail_webhook", "account_page", "oidc_issuer", "oidc_key_set")
    @classmethod
    def _is_safe_to_ask(cls, text: str) -> str:
        if text and not _SAFE_ADDRESS.fullmatch(text):
            raise ValueError("Give an address of https, or of http on this machine, without a `#`")
        return text

    @field_validator("sign_up")
    @classmethod
    def _can_send_mail(cls, is_so: bool, given: ValidationInfo) -> bool:
        if is_so and not given.data.get("mail_webhook"):
            raise ValueError("Name an address that sends mail by VIEWGRAPH_MAIL_WEBHOOK")
        return is_so

    @field_validator("oidc_audience")
    @classmethod
    def _names_an_audience(cls, text: str, given: ValidationInfo) -> str:
        if given.data.get("oidc_issuer") and not _parts(text):
            raise ValueError("Name what a token has to be for, or tokens for others would be accepted")
        return text

    @field_validator("previous_secrets", "previous_link_secrets", "previous_visitor_secrets")
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
        "mails_per_address",
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

    @field_validator("public_origin")
    @classmethod
    def _is_an_origin(cls, text: str) -> str:
        if text not in ("", _OF_REQUEST) and not _ORIGIN.fullmatch(text):
            raise ValueError(
                "Give an origin as browsers do, such as `https://figures.example.com`, or `request`"
            )
        return text

    @field_validator("root_path")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        path = path.rstrip("/")
        if path and not PATH.fullmatch(path):
            raise ValueError("Give a path, such as `/figures`, of letters, digits and `_.~-`")
        return path

    @field_validator("collect_path")
    @classmethod
    def _is_a_free_path(cls, path: str) -> str:
        if not PATH.fullmatch(path) or path.startswith(TAKEN_PATHS):
            raise ValueError(
                f"Give a path, such as `/shop/news`, that does not begin with {', '.join(TAKEN_PATHS)}"
            )
        return path

    @field_validator("only_trusted_documents")
    @classmethod
    def _trusts_some(cls, is_so: bool, given: ValidationInfo) -> bool:
        if is_so and not given.data.get("trusted_documents"):
            raise ValueError("Name a file of documents by VIEWGRAPH_TRUSTED_DOCUMENTS")
        return is_so

    @property
    def has_metrics(self) -> bool:
        return self.metrics_token is not None or self.metrics_port is not None

    def shared_origins(self) -> list[str]:
        return _parts(self.cors_origins)

    def own_origins(self) -> list[str]:
        """Those whose pages are trusted, but which need no CORS."""
        return [self.public_origin] if self.public_origin not in ("", _OF_REQUEST) else []

    def link_origin(self) -> str | None:
        """None for the host and the scheme that a request names."""
        if self.public_origin:
            return None if self.public_origin == _OF_REQUEST else self.public_origin
        host = _HERE.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def page_of_links(self) -> str:
        """Where links in mail lead; empty if there is no such page."""
        if self.account_page or not self.studio:
            return self.account_page
        page = f"{self.public_origin}{self.root_path}/studio/account"
        return page if _SAFE_ADDRESS.fullmatch(page) else ""

    def secrets_for(self, purpose: Purpose) -> tuple[str | None, list[str]]:
        """The one that is used, and the others."""
        used, others = {
            Purpose.TOKENS: (self.secret, self.previous_secrets),
            Purpose.LINKS: (self.link_secret, self.previous_link_secrets),
            Purpose.VISITORS: (self.visitor_secret, self.previous_visitor_secrets),
        }[purpose]
        return used.get_secret_value() if used else None, _listed(others)

    def oidc_audiences(self) -> list[str]:
        return _parts(self.oidc_audience)

    def variables(self) -> dict[str, str]:
        """The given settings, as the environment of a worker that needs the same settings."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            variable(name): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in given.items()
            if value is not None
        }


def variable(name: str) -> str:
    return PREFIX + name.upper()


def settings_with(**options: Any) -> Settings:
    """Settings from the environment, except for the options that are not None. Raises a Failure that names
    what is wrong.
    """
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
    """The parts of a text that are separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
