"""Addresses of databases. Those of PostgreSQL are written for its own library, libpq, which is not used here.
So what they say is put into words that asyncpg knows, or refused.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

FORMS: Final = "`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`"
_SCHEMES: Final = {
    **dict.fromkeys(("sqlite", "sqlite+aiosqlite"), "sqlite+aiosqlite"),
    **dict.fromkeys(("postgresql", "postgres", "postgresql+asyncpg"), "postgresql+asyncpg"),
}
_POSTGRES: Final = re.compile(
    r"[^:]+://(?:(?P<user>[^/?]*)@)?(?P<hosts>[^/?@]*)(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_NAME: Final = re.compile("[A-Za-z_]+")
_ESCAPES: Final = "In a user, a password and a name, write `@` as %40, `/` as %2F and `?` as %3F"
_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_WRITABLE: Final = ("any", "primary", "read-write")
_PARTS: Final = ("host", "port", "user", "password", "dbname")
_KNOWN: Final = frozenset(
    {
        *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs", "passfile"),
        *("service", "krbsrvname", "gsslib", "application_name", "options", "channel_binding"),
    }
)
_UNNEEDED: Final = frozenset(
    {
        *("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        *("tcp_user_timeout", "sslcompression", "sslsni", "client_encoding", "fallback_application_name"),
        *("gssencmode", "load_balance_hosts"),
    }
)
"""They change nothing that Viewgraph relies on, or it has limits of its own."""
_HIDDEN: Final = "***"
_SECRET: Final = frozenset({"sslpassword"})
_DEFAULT_PORT: Final = "5432"


class AddressError(ValueError):
    """Its text never has a password in it."""


def url_of(text: str) -> URL:
    """The address with its driver. Several hosts stand in its query, as SQLAlchemy writes them.

    Raises AddressError.
    """
    scheme = _SCHEMES.get(text.partition(":")[0])
    if scheme is None:
        raise AddressError(f"Give {FORMS}")
    if scheme.startswith("postgresql"):
        return _postgres(text).set(drivername=scheme)
    try:
        url = make_url(text).set(drivername=scheme)
    except (ArgumentError, ValueError):
        raise AddressError(f"Give {FORMS}") from None
    if url.database in (None, "", ":memory:"):
        raise AddressError("Name a file, as in `sqlite:///FILE`: each connection would have its own data")
    return url


def shown(url: URL) -> str:
    """For people: without passwords."""
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite").render_as_string()
    query = {name: _HIDDEN if name in _SECRET else value for name, value in url.query.items()}
    return _written(url, _HIDDEN if url.password else None, query)


def for_programs(url: URL) -> str:
    """For programs of PostgreSQL, without a password. Raises AddressError for a secret that they take in no
    other way.
    """
    if _SECRET & url.query.keys():
        raise AddressError(
            "Everybody on this machine could read `sslpassword` meanwhile. Use a key that needs no password"
        )
    return _written(url, None, url.query)


def connect_arguments(url: URL) -> dict[str, Any]:
    """For `asyncpg.connect`, which reads most of it from the text of an address, too."""
    query = dict(url.query)
    trust: dict[str, Any] = {}
    if query.pop("channel_binding", None) == "require":
        # asyncpg binds no channel. A certificate that is verified holds off whoever stands in between, too.
        query = {"sslrootcert": "system", **query, "sslmode": "verify-full"}
    if query.get("sslrootcert") == "system":
        # As libpq understands it: the certificates that this machine trusts, for the name of the host.
        del query["sslrootcert"]
        trust = {"ssl": True}
    if len(_hosts(url)) > 1:
        query.setdefault("target_session_attrs", "read-write")
    password = None if url.password is None else str(url.password)
    return {"dsn": _written(url, password, query), **trust}


def _postgres(text: str) -> URL:
    found = _POSTGRES.fullmatch(text)
    if found is None:
        raise AddressError(f"Give {FORMS}. {_ESCAPES}")
    query: dict[str, str] = {}
    for name, value in parse_qsl(found["query"] or "", keep_blank_values=True):
        # SQLAlchemy writes each host by itself.
        query[name] = f"{query[name]},{value}" if name == "host" and name in query else value
    user, has_password, password = (found["user"] or "").partition(":")
    given = {
        "user": unquote(user),
        "password": unquote(password) if has_password else None,
        "dbname": unquote(found["database"] or ""),
        **{name: query.pop(name) for name in _PARTS if name in query},
    }
    if "@" in (found["database"] or ""):
        raise AddressError(_ESCAPES)
    hosts = list(_each_host(given.get("host") or found["hosts"], given.get("port") or ""))
    if not all(map(_NAME.fullmatch, query)):
        # It may be the rest of a password.
        raise AddressError(f"A parameter of the address has no name, or a wrong one. {_ESCAPES}")
    is_plain = len(hosts) == 1 and not hosts[0].startswith("/")
    host, port = _parted(hosts[0]) if is_plain else (None, None)
    return URL.create(
        "postgresql",
        username=given["user"] or None,
        password=given["password"],
        host=host,
        port=port,
        database=given["dbname"] or None,
        query={**_checked(query), **({} if is_plain or not hosts else {"host": tuple(hosts)})},
    )


def _each_host(hosts: str, ports: str) -> Iterator[str]:
    """Each with its port, if there is one. A host that begins with a slash is a folder of sockets."""
    given = [unquote(host) for host in hosts.split(",")] if hosts else []
    other = ports.split(",") if ports else [""]
    if len(other) not in (1, len(given)) or not all(port.isdigit() or not port for port in other):
        raise AddressError("Give as many ports as hosts, or one")
    for at, host in enumerate(given):
        found = None if host.startswith("/") else _HOST.fullmatch(_in_brackets(host))
        if found is None and not host.startswith("/"):
            raise AddressError(f"A host of the address, or its port, cannot be read. {_ESCAPES}")
        port = (found["port"] if found else None) or other[at if len(other) > 1 else 0]
        if port and not 1 <= int(port) <= 65535:
            raise AddressError("A port is a number from 1 to 65535")
        name = found["host"] if found else host
        yield f"{name}:{port or _DEFAULT_PORT}" if len(given) > 1 or port else name


def _in_brackets(host: str) -> str:
    """An address of IPv6 stands in brackets in an address, and without them in a parameter."""
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


def _parted(host: str) -> tuple[str, int | None]:
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdigit():
        name, port = host, ""
    return name.strip("[]"), int(port) if port else None


def _checked(query: Mapping[str, str]) -> dict[str, str]:
    """What Viewgraph can do of it. Raises AddressError for the rest."""
    query = {name: value for name, value in query.items() if name not in _UNNEEDED}
    if "ssl" in query:
        # As other programs write it.
        query.setdefault("sslmode", {"true": "require", "false": "disable"}.get(query["ssl"], query["ssl"]))
        del query["ssl"]
    if "pgbouncer" in query:
        raise AddressError(
            "`pgbouncer` in the address means a pool for transactions, and Viewgraph needs sessions. Name "
            "the database itself, or a pool for sessions"
        )
    for name in query:
        if name not in _KNOWN:
            raise AddressError(f"Viewgraph cannot do what `{name}` in the address says. Leave it out")
    if query.get("sslmode", "prefer") not in _MODES:
        raise AddressError(f"`sslmode` is one of {', '.join(_MODES)}")
    if query.get("channel_binding", "prefer") not in ("disable", "prefer", "require"):
        raise AddressError("`channel_binding` is disable, prefer or require")
    if query.get("target_session_attrs", "any") not in _WRITABLE:
        raise AddressError(
            f"`target_session_attrs` is one of {', '.join(_WRITABLE)}, because Viewgraph writes"
        )
    return query


def _hosts(url: URL) -> list[str]:
    several = url.query.get("host")
    if several:
        return [several] if isinstance(several, str) else list(several)
    if not url.host:
        return []
    name = f"[{url.host}]" if ":" in url.host else url.host
    return [f"{name}:{url.port}" if url.port else name]


def _written(url: URL, password: str | None, query: Mapping[str, Any]) -> str:
    """As both libpq and asyncpg read it."""
    user = quote(url.username or "", safe="")
    secret = "" if password is None else f":{quote(password, safe=_HIDDEN)}"
    hosts = ",".join(host if not host.startswith("/") else quote(host, safe=":") for host in _hosts(url))
    database = f"/{quote(url.database, safe='')}" if url.database else ""
    rest = urlencode([one for one in query.items() if one[0] != "host"], safe=_HIDDEN, quote_via=quote)
    who = f"{user}{secret}@" if user or secret else ""
    return f"postgresql://{who}{hosts}{database}{'?' if rest else ''}{rest}"
