"""How much CPU a REST route takes beside the GraphQL request that it stands for, on the demo's world.

python -m bench.rest

One server answers both. In each round, every route and its GraphQL request are asked one right after the
other, in an order that is drawn anew. The ratio is the median of those of the rounds, so that what slows the
machine slows both.
"""

import asyncio
import json
import sys
import tempfile
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from socket import IPPROTO_TCP, TCP_CORK
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import SecretStr

from bench.trees import SETTINGS, Server, Tree
from rest.bodies import from_json
from rest.route import Asked, NoBody, Route
from rest.table import ROUTES
from server.demo.database_file import fill
from server.demo.sign_ins import PASSWORD, email_of
from server.settings import Settings

ROOT = Path(__file__).parents[1]
KEPT = {"off": "0", "on": "16000000"}
"""How many bytes of kept answers the server holds."""
LIMIT = 1.2
"""How much more a route may take."""
_PAGE_SIZE = 100
_NOW = datetime.now(UTC)
_DAYS = {
    "startDate": f"{_NOW - timedelta(days=30):%Y-%m-%d}",
    "endDate": f"{_NOW - timedelta(days=1):%Y-%m-%d}",
}
_VIEWS = {"viewType": "3DView", "actionTypes": ["view"], "returnFields": ["device"], "dateInterval": "DAY"}
_NEW_KEY = {"query": 'mutation { createAuthenticationKey(input: {name: "bench"}) { secret } }'}


class Question(NamedTuple):
    """A route, who asks, and with what."""

    route: str
    account: str
    body: dict[str, Any] | None = None
    path: Mapping[str, str] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.route}, by the {self.account}"


QUESTIONS = (
    Question("login", "admin", {"email": email_of("admin"), "password": PASSWORD}),
    Question("logout", "admin"),
    Question("organizations", "admin"),
    Question("client-organizations", "admin"),
    Question("aistudios-metrics-create", "owner", {"url": "ai-research-studio"}),
    Question("metrics-dashboard", "admin", _DAYS),
    Question("metrics-views-data", "admin", {**_DAYS, **_VIEWS}),
    Question("metrics-summary-report", "admin", _DAYS),
    Question("user-insights-read", "member", path={"user_id": "7"}),
    # Somebody else may not see two of the fields.
    Question("user-insights-read", "stranger", path={"user_id": "7"}),
)


class Request(NamedTuple):
    method: str
    path: str
    body: bytes
    headers: dict[str, str]


class Taken(NamedTuple):
    """Seconds of CPU a request."""

    rest: float
    graphql: float


def requests_of(question: Question, token: str) -> list[Request]:
    """The route's, and the GraphQL request that it stands for."""
    route: Route[Any, Any] = next(one for one in ROUTES if one.name == question.route)
    headers = {"content-type": "application/json", "authorization": token}
    body = b"" if question.body is None else json.dumps(question.body).encode()
    given = NoBody() if route.body is NoBody else from_json(body, route.body)
    variables = route.variables(Asked(given, question.path, _PAGE_SIZE))
    operation = json.dumps({"query": route.document, "variables": variables}).encode()
    return [
        Request(route.method, route.path.format(**question.path), body, headers),
        Request("POST", "/graphql", operation, headers),
    ]


def ask(connection: HTTPConnection, request: Request) -> bytes:
    _hold_back(connection, is_held=True)
    connection.request(*request)
    _hold_back(connection, is_held=False)
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        raise RuntimeError(f"{request.path} was refused: {answer[:300]!r}")
    return answer


def _hold_back(connection: HTTPConnection, *, is_held: bool) -> None:
    """Sends the head and the body together. A body that comes after its head is not always looked up among
    the kept answers.
    """
    if connection.sock:
        connection.sock.setsockopt(IPPROTO_TCP, TCP_CORK, is_held)


def questions(connection: HTTPConnection) -> list[Question]:
    """Every route but the one that makes an insight: each user makes one once."""
    headers = {"authorization": token_of(connection, "admin"), "content-type": "application/json"}
    own = json.loads(ask(connection, Request("GET", "/v1/organizations", b"", headers)))
    (organization,) = own["response"]["grid"]
    made = json.loads(ask(connection, Request("POST", "/graphql", json.dumps(_NEW_KEY).encode(), headers)))
    key = made["data"]["createAuthenticationKey"]["secret"]
    return [
        *QUESTIONS,
        Question("login-by-key", "admin", {"personal-access-token": key}),
        Question("refresh-token", "admin", {"organizationUuid": organization["uuid"]}),
    ]


def token_of(connection: HTTPConnection, account: str) -> str:
    body = json.dumps({"email": email_of(account), "password": PASSWORD})
    connection.request("POST", "/v1/auth/login", body, {"content-type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.headers["x-auth-token"]


def measured(server: Server, rounds: int, seconds: float) -> dict[str, list[Taken]]:
    """Of each question, a value a round."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    asked_of = questions(connection)
    pairs = {str(one): requests_of(one, token_of(connection, one.account)) for one in asked_of}
    taken: dict[str, list[Taken]] = defaultdict(list)
    random = Random(5)  # noqa: S311
    # The first round is not kept: whatever is made once is made in it.
    for number in range(rounds + 1):
        for asked in random.sample(list(pairs), len(pairs)):
            spent = {
                place: _spent(server, connection, pairs[asked][place], seconds)
                for place in random.sample((0, 1), 2)
            }
            taken[asked] += [Taken(spent[0], spent[1])] if number else []
    return {str(one): taken[str(one)] for one in asked_of}


def _spent(server: Server, connection: HTTPConnection, request: Request, seconds: float) -> float:
    """Until the server has used so many seconds."""
    requests, used, began = 0, 0.0, server.cpu()
    while used < seconds:
        for _ in range(10):
            ask(connection, request)
        requests += 10
        used = server.cpu() - began
    return used / requests


def table(kept: str, taken: dict[str, list[Taken]]) -> Iterator[str]:
    for asked, values in taken.items():
        rest, graphql = (median(1000 * value for value in column) for column in zip(*values, strict=True))
        yield f"| {kept} | {asked} | {rest:.3f} ms | {graphql:.3f} ms | {ratio(values):.2f} |"


def ratio(values: list[Taken]) -> float:
    return median(one.rest / one.graphql for one in values)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--seconds", type=float, default=0.05, help="of CPU, for each question of a round")
    given = parser.parse_args()
    print("| kept answers | question | REST | GraphQL | ratio |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="viewgraph-rest-") as folder:
        file = Path(folder) / "demo.sqlite3"
        asyncio.run(fill(Settings(secret=SecretStr(SETTINGS["SECRET"])), file, _NOW))
        worst = 0.0
        for kept, size in KEPT.items():
            settings = {"KEPT_ANSWER_BYTES": size, "SIGN_INS_PER_ADDRESS": "1000000 per minute"}
            with Tree(ROOT).serving(f"sqlite:///{file}", **settings) as server:
                taken = measured(server, given.rounds, given.seconds)
            print(*table(kept, taken), sep="\n", flush=True)
            worst = max(worst, *map(ratio, taken.values()))
    if worst > LIMIT:
        sys.exit(f"A route takes {worst:.2f} times as much as its GraphQL request; the limit is {LIMIT}.")


if __name__ == "__main__":
    main()
