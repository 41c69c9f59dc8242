"""The figures of a publication, asked for with gql."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

_LOGIN = """
    mutation Login($email: String!, $password: String!) {
      login(input: {password: {email: $email, password: $password}}) { accessToken }
    }
"""
_DASHBOARD = """
    query Dashboard($url: String!) {
      publication(url: $url) {
        id
        name
        metrics { totalLikes totalComments }
      }
    }
"""
_FOLLOW = """
    subscription Follow($url: String!) {
      publicationMetricsChanged(url: $url) {
        name
        metrics { totalLikes totalComments }
      }
    }
"""
_LIKE = "mutation Like($id: ID!) { likePublication(publicationId: $id) { publication { id } } }"
_UNLIKE = "mutation Unlike($id: ID!) { unlikePublication(publicationId: $id) { publication { id } } }"


@asynccontextmanager
async def connected(url: str, token: str | None = None) -> AsyncIterator[AsyncClientSession]:
    """One connection for all that is asked within."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with Client(transport=HTTPXAsyncTransport(url, headers=headers)) as session:
        yield session


@asynccontextmanager
async def following(url: str, token: str | None = None) -> AsyncIterator[AsyncClientSession]:
    """The same over a WebSocket: for subscriptions, too."""
    payload = {"authorization": f"Bearer {token}"} if token else {}
    transport = WebsocketsTransport(url.replace("http", "ws", 1), init_payload=payload)
    async with Client(transport=transport) as session:
        yield session


async def sign_in(session: AsyncClientSession, email: str, password: str) -> str:
    """The token; `login` says in `expiresAt` until when it is good."""
    credentials = {"email": email, "password": password}
    answer = await session.execute(GraphQLRequest(_LOGIN, variable_values=credentials))
    token: str = answer["login"]["accessToken"]
    return token


async def dashboard(session: AsyncClientSession, url: str) -> dict[str, Any]:
    """Raises TransportQueryError where the viewer may not see all; its `data` has the rest."""
    answer = await session.execute(GraphQLRequest(_DASHBOARD, variable_values={"url": url}))
    publication: dict[str, Any] = answer["publication"]
    return publication


async def changes(session: AsyncClientSession, url: str) -> AsyncGenerator[dict[str, Any], None]:
    """The publication as it is now, and then whenever its figures have changed.

    Close it before the session, which would wait for it.
    """
    request = GraphQLRequest(_FOLLOW, variable_values={"url": url})
    async with aclosing(session.subscribe(request)) as answers:
        async for answer in answers:
            yield answer["publicationMetricsChanged"]


async def like(session: AsyncClientSession, id: str) -> None:
    await session.execute(GraphQLRequest(_LIKE, variable_values={"id": id}))


async def unlike(session: AsyncClientSession, id: str) -> None:
    await session.execute(GraphQLRequest(_UNLIKE, variable_values={"id": id}))


def codes(error: TransportQueryError) -> list[str]:
    """What went wrong, by the codes on which a program may rely."""
    return [one["extensions"]["code"] for one in error.errors or []]
