"""No viewer ever gets a kept answer that differs from what the executor gives that viewer."""

import json
from collections import Counter
from dataclasses import replace
from random import Random
from typing import NamedTuple

import httpx

from loaders.figure_cache import FigureCache
from server.services import close_services
from tests.conftest import client_of
from tests.draws import scaled
from tests.execution.operations import Asked, Drawn
from tests.isolation.test_changing import ASKED, document
from tests.isolation.world import CALLERS, Caller, World, made_world
from tests.server.keeping import heard, kept_of, marks, telling
from tests.studio import Clock, Studio, services_for

_STEPS = scaled(200)
_OPERATIONS = 14
_ALIKE = ("cache-control", "etag", "vary", "content-type", "content-length")
_DASHBOARD = """{ publication(url: "ai-research-studio") { name createdAt owner { name }
  experienceCounts { total } metrics { totalViews totalLikes totalComments uniqueVisitors }
  socialMetrics { followersCount } } }"""
_OFTEN = [
    _DASHBOARD,
    '{ publication(url: "ai-research-studio") { name coCreators { username } } }',
    "{ viewer { name } organizations { edges { node { name workspaces { edges { node { name } } } } } } }",
    '{ asset(id: "%(chair)s") { name metrics { totalViews } } }',
    '{ organization(id: "%(Works)s") { name workspaces { edges { node { name assets { totalCount } } } } } }',
    '{ user(by: {username: "owner"}) { name publications { totalCount } } limits { maxCost } }',
]


class Request(NamedTuple):
    """A request as it may come again."""

    caller: Caller
    number: int
    """Of what is asked."""
    method: str


class Told(NamedTuple):
    status: int
    content: bytes
    headers: tuple[str | None, ...]


class Made(NamedTuple):
    told: Told
    at: float
    changes: int


class Play:
    """Two processes that work on one database: the first keeps answers, and the second one never does."""

    def __init__(self, random: Random, kept: World, other: Studio) -> None:
        self._random = random
        self._kept = kept
        self._other = other
        self._operations = [Asked(query % kept.ids, {}) for query in _OFTEN]
        self._operations += [Drawn(random, kept.ids).query() for _ in range(_OPERATIONS - len(_OFTEN))]
        self._headers: dict[Caller, dict[str, str]] = {}
        self._made: dict[Request, Made] = {}
        """The answers to nobody in particular, as they were made."""
        self._changes = 0
        self._last: list[Request] = []
        """Some of what was asked before: it is asked again, before and after something changes."""
        self.seen: Counter[str] = Counter()

    async def ask(self) -> None:
        if self._last and self._random.random() < 0.6:
            await self._ask(self._random.choice(self._last))
            return
        few = self._random.random() < 0.7
        caller = self._random.choice(CALLERS[:4] if few else CALLERS)
        number = self._random.randrange(len(_OFTEN) if few else _OPERATIONS)
        request = Request(caller, number, self._random.choice(["POST", "POST", "GET", "HEAD"]))
        self._last = [*self._last[-5:], request]
        await self._ask(request)

    async def _ask(self, request: Request) -> None:
        headers = {**self._headers_of(request.caller), "x-request-id": "0123456789abcdef"}
        with self._kept.studio.statements() as statements:
            told = await self._told(self._kept.studio, request, headers)
        executed = await self._told(self._other, request, headers)
        if told != executed:
            self._require_once_true(request, told)
        elif statements:
            self._made[request] = Made(told, self._kept.studio.clock.now.timestamp(), self._changes)
        self.seen["kept" if not statements else "made"] += 1
        self.seen["kept for somebody"] += not statements and request.caller.person is not None
        self.seen["kept figures"] += not statements and request.number == 0 and "max-age" not in str(told)

    def _require_once_true(self, request: Request, told: Told) -> None:
        """Only for nobody in particular, as long as caches may keep it, and while events alone came in."""
        made = self._made.get(request)
        assert request.caller.person is None, (request, told)
        assert made, (request, told)
        assert made.told == told, (request, told)
        assert made.changes == self._changes, request
        assert self._kept.studio.clock.now.timestamp() - made.at < 3600, request
        self.seen["a little old"] += 1

    async def _told(self, studio: Studio, request: Request, headers: dict[str, str]) -> Told:
        response = await self._sent(studio.client, request, headers)
        return Told(
            response.status_code, response.content, tuple(response.headers.get(name) for name in _ALIKE)
        )

    async def _sent(
        self, client: httpx.AsyncClient, request: Request, headers: dict[str, str]
    ) -> httpx.Response:
        query, variables = self._operations[request.number]
        if request.method == "POST":
            body = {"query": query, "variables": variables}
            return await client.post("/graphql", json=body, headers=headers)
        return await client.request(
            request.method,
            "/graphql",
            params={"query": query, "variables": json.dumps(variables)},
            headers={**headers, "graphql-require-preflight": "1"},
        )

    def _headers_of(self, caller: Caller) -> dict[str, str]:
        """The same token again, for some time even after it has expired."""
        if caller not in self._headers or self._random.random() < 0.01:
            self._headers[caller] = self._kept.headers(caller)
        return self._headers[caller]

    async def act(self) -> None:
        """Somebody does something, in either process, or time goes by."""
        chance = self._random.random()
        if chance < 0.2:
            self._kept.studio.clock.advance(seconds=self._random.choice([1, 20, 61, 1800]))
            self.seen["time"] += 1
            return
        is_here = self._random.random() < 0.5
        process = self._kept.studio if is_here else self._other
        before, commits = marks(self._kept.studio), process.services.database.commits
        committed = commits.changes + commits.counts
        await (self._count(process) if chance < 0.4 else self._change(process))
        if not is_here and commits.changes + commits.counts > committed:
            await heard(self._kept.studio, before)

    async def _count(self, process: Studio) -> None:
        subject, by = self._random.choice(
            [
                ({"publicationId": self._kept.ids["publication"]}, "owner"),
                ({"assetId": self._kept.ids["chair"]}, "admin"),
            ]
        )
        action = "VIEW" if by == "owner" else "VIEW_3D"
        await process.report([{"subject": subject, "action": action}], by)
        self.seen["counted"] += 1

    async def _change(self, process: Studio) -> None:
        mutation = self._random.choice(_CHANGES)
        variables, rightful = ASKED[mutation]
        given = variables(self._kept)
        if "name" in given.get("input", {}):
            given["input"]["name"] += f" {self._random.random()}"
        may = [caller for caller in CALLERS if caller.name in rightful]
        caller = self._random.choice(may if may and self._random.random() < 0.7 else CALLERS[1:])
        body = {"query": document(mutation), "variables": given}
        answer = await process.send(body, self._headers_of(caller))
        is_done = "errors" not in answer.body
        self.seen["changed"] += is_done
        self._changes += is_done


_CHANGES = [
    *(
        "updatePublication",
        "inviteCoCreator",
        "removeCoCreator",
        "publishExperience",
        "updateAsset",
        "inviteMember",
        "acceptInvitation",
        "changeMemberRole",
    ),
    *("removeMember", "likePublication", "unlikePublication", "bookmarkPublication", "followUser"),
    *("revokeAuthenticationKey", "createAsset", "commentOnPublication", "createOrganization"),
]


async def test_kept_answers_are_what_the_executor_would_answer(
    studio: Studio, database_url: str, clock: Clock
) -> None:
    other = telling(services_for(database_url, clock))
    other = replace(other, figure_cache=FigureCache(seconds=0))
    async with kept_of(studio) as kept, client_of(other) as client:
        world = await made_world(kept)
        random = Random(14)  # noqa: S311
        play = Play(random, world, replace(kept, services=other, client=client))
        for _ in range(_STEPS):
            await (play.ask() if random.random() < 0.75 else play.act())
    await close_services(other)
    assert play.seen["kept"] > _STEPS // 10
    assert play.seen["kept for somebody"] > _STEPS // 25
    assert play.seen["kept figures"]
    assert play.seen["changed"] > _STEPS // 50
