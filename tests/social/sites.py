"""Local servers that speak as the networks do, by their documentation, and fail as they are told to."""

import asyncio
import json
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

YOUTUBE_KEY = "AIza-youtube-secret"
SOUNDCLOUD_ID, SOUNDCLOUD_SECRET = "soundcloud-id", "soundcloud-secret"
SOUNDCLOUD_TOKEN = "2-soundcloud-token-secret"
X_TOKEN = "AAAA-x-secret"
FACEBOOK_TOKEN = "EAAB-facebook-secret"
INSTAGRAM_ID, INSTAGRAM_TOKEN = "17841405309211844", "EAAB-instagram-secret"
SECRETS = (YOUTUBE_KEY, SOUNDCLOUD_SECRET, SOUNDCLOUD_TOKEN, X_TOKEN, FACEBOOK_TOKEN, INSTAGRAM_TOKEN)


class Request(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str

    def ids(self, name: str) -> list[str]:
        return self.query[name].split(",")


class Reply(NamedTuple):
    body: Any
    """As JSON, or as bytes."""
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012  # nothing changes it
    seconds: float = 0
    """How long it takes to come."""
    is_cut: bool = False
    """Whether the connection ends in the middle of it."""

    def encoded(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = [f"HTTP/1.1 {self.status} Said", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        whole = "\r\n".join([*lines, "", ""]).encode() + body
        return whole[: -len(body) // 2] if self.is_cut else whole


Answer = Callable[[Request], Reply]


@dataclass
class Site:
    """On a port of this machine, while the block lasts."""

    known: dict[str, Any] = field(default_factory=dict)
    """The figure of each id."""
    requests: list[Request] = field(default_factory=list)
    faults: deque[Reply | Answer] = field(default_factory=deque)
    """Answered first, one after the other."""
    always: Reply | None = None
    """Answered instead of what is known, when there is no fault."""
    before_answer: Callable[[Request], Awaitable[object]] | None = None
    address: str = ""

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        self._connections: list[asyncio.Task[None]] = []
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.append(task)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request = await _request(head, reader)
                if self.before_answer:
                    await self.before_answer(request)
                reply = self._reply(request)
                if reply.seconds:
                    await asyncio.sleep(reply.seconds)
                writer.write(reply.encoded())
                if reply.is_cut:
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    def _reply(self, request: Request) -> Reply:
        self.requests.append(request)
        if self.faults:
            fault = self.faults.popleft()
            return fault if isinstance(fault, Reply) else fault(request)
        return self.always or self.answer(request)


async def _request(head: bytes, reader: asyncio.StreamReader) -> Request:
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = dict(_header(line) for line in lines if line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body.decode())


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name.lower(), value


def _found(site: Site, ids: Iterable[str]) -> list[tuple[str, Any]]:
    return [(id, site.known[id]) for id in ids if id in site.known]


class YouTubeSite(Site):
    def answer(self, request: Request) -> Reply:
        if request.headers.get("x-goog-api-key") != YOUTUBE_KEY:
            return youtube_error(400, "badRequest", "API_KEY_INVALID")
        ids = request.ids("id")
        assert (request.path, request.query["part"]) == ("/videos", "statistics")
        assert len(ids) <= 50
        return Reply(
            {"items": [{"id": id, "statistics": {"viewCount": str(n)}} for id, n in _found(self, ids)]}
        )


def youtube_error(status: int, reason: str, detail: str = "") -> Reply:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail}] if detail else []
    message = f"Wrong key {YOUTUBE_KEY}"
    error = {"code": status, "message": message, "errors": [{"reason": reason}], "details": details}
    return Reply({"error": error}, status)


class SoundCloudSite(Site):
    def answer(self, request: Request) -> Reply:
        if request.path == "/oauth/token":
            basic = b64encode(f"{SOUNDCLOUD_ID}:{SOUNDCLOUD_SECRET}".encode()).decode()
            if request.headers.get("authorization") != f"Basic {basic}":
                return Reply({"error": "invalid_client"}, 401)
            assert (request.method, request.body) == ("POST", "grant_type=client_credentials")
            return Reply(
                {"access_token": SOUNDCLOUD_TOKEN, "token_type": "Bearer", "expires_in": 3599, "scope": ""}
            )
        if request.headers.get("authorization") != f"OAuth {SOUNDCLOUD_TOKEN}":
            return Reply({"code": 401, "message": SOUNDCLOUD_TOKEN, "status": "401 - Unauthorized"}, 401)
        ids = request.ids("ids")
        assert request.path == "/tracks"
        assert len(ids) <= int(request.query["limit"]) == 50
        tracks = [
            {"kind": "track", "id": int(id), "urn": f"soundcloud:tracks:{id}", "playback_count": n}
            for id, n in _found(self, ids)
        ]
        return Reply({"collection": tracks, "next_href": None})

    @property
    def tracks(self) -> list[Request]:
        """Without those for tokens."""
        return [request for request in self.requests if request.path == "/tracks"]


class XSite(Site):
    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {X_TOKEN}":
            return Reply({"title": "Unauthorized", "status": 401, "detail": X_TOKEN}, 401)
        handles = request.ids("usernames")
        assert (request.path, request.query["user.fields"]) == ("/users/by", "public_metrics")
        assert len(handles) <= 100
        users = [
            {
                "id": str(place),
                "username": handle.upper(),
                "name": handle,
                "public_metrics": {"followers_count": n, "following_count": 1, "tweet_count": 2},
            }
            for place, (handle, n) in enumerate(_found(self, handles))
        ]
        problems = [
            {
                "value": handle,
                "detail": f"Could not find user with usernames: [{handle}].",
                "title": "Not Found Error",
                "resource_type": "user",
                "parameter": "usernames",
                "type": "https://api.twitter.com/2/problems/resource-not-found",
            }
            for handle in handles
            if handle not in self.known
        ]
        return Reply(({"data": users} if users else {}) | ({"errors": problems} if problems else {}))


class FacebookSite(Site):
    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {FACEBOOK_TOKEN}":
            return graph_error(401, 190)
        ids = request.ids("ids")
        assert (request.path, request.query["fields"]) == ("/", "followers_count")
        assert len(ids) <= 50
        if missing := [id for id in ids if id not in self.known]:
            return graph_error(
                400, 803, words=f"Some of the aliases you requested do not exist: {missing[0]}"
            )
        return Reply({id: {"followers_count": n, "id": id} for id, n in _found(self, ids)})


class InstagramSite(Site):
    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {INSTAGRAM_TOKEN}":
            return graph_error(401, 190)
        before, _, after = request.query["fields"].partition("(")
        handle, _, shown = after.partition(")")
        assert (request.path, before) == (f"/{INSTAGRAM_ID}", "business_discovery.username")
        assert shown == "{followers_count}"
        if handle not in self.known:
            return graph_error(400, 110, 2207013, words="Invalid user id")
        found = {"followers_count": self.known[handle], "id": "17841401441775531"}
        return Reply({"business_discovery": found, "id": INSTAGRAM_ID})


def graph_error(status: int, code: int, subcode: int | None = None, *, words: str = "") -> Reply:
    """Meta repeats a malformed token in its message."""
    message = words or f"Malformed access token {FACEBOOK_TOKEN} {INSTAGRAM_TOKEN}"
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AaJdejqBZKo"}
    if subcode:
        error["error_subcode"] = subcode
    return Reply({"error": error}, status)
