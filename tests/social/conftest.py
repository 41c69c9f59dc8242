"""The five networks on this machine, and what asks them."""

from asyncio import sleep
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from base import retries
from models import Network
from resolvers.context import Services
from social.calls import USUAL_POLICY
from social.client import Client
from social.facebook import Facebook
from social.instagram import Instagram
from social.lease import Quota
from social.refresh import ConnectedNetwork, Outcome, Refresher
from social.soundcloud import SoundCloud
from social.x import X
from social.youtube import YouTube
from tests.social import sites
from tests.studio import Clock, Studio

READ = """query($id: ID!) { userInsight(userId: $id) {
  twitterFollowersCount facebookPageFollowersCount instagramFollowersCount refreshedAt
  insightScoreParts { reach }
  works { itemId nonAppPlays refreshedAt }
} }"""

PLENTY = Quota(1_000_000, timedelta(hours=1))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""

    async def no_pause(_: float) -> None:
        await sleep(0)

    monkeypatch.setattr(retries, "sleep", no_pause)


@dataclass
class Web:
    youtube: sites.YouTubeSite
    soundcloud: sites.SoundCloudSite
    x: sites.XSite
    facebook: sites.FacebookSite
    instagram: sites.InstagramSite

    def of(self, network: Network) -> sites.Site:
        site: sites.Site = getattr(self, network.name.lower())
        return site

    def calls(self) -> list[int]:
        """How often each was asked, without tokens of SoundCloud."""
        return [
            len(self.soundcloud.tracks if network is Network.SOUNDCLOUD else self.of(network).requests)
            for network in Network
        ]

    def clients(self) -> list[Client]:
        return [
            YouTube(SecretStr(sites.YOUTUBE_KEY), self.youtube.address),
            SoundCloud(
                sites.SOUNDCLOUD_ID,
                SecretStr(sites.SOUNDCLOUD_SECRET),
                self.soundcloud.address,
                f"{self.soundcloud.address}/oauth/token",
            ),
            X(SecretStr(sites.X_TOKEN), self.x.address),
            Facebook(SecretStr(sites.FACEBOOK_TOKEN), self.facebook.address),
            Instagram(sites.INSTAGRAM_ID, SecretStr(sites.INSTAGRAM_TOKEN), self.instagram.address),
        ]

    def refresher(self, services: Services, **changes: Any) -> Refresher:
        networks = {client.network: ConnectedNetwork(client, PLENTY) for client in self.clients()}
        made = Refresher(services.database, networks, services.clock, timedelta(hours=24), USUAL_POLICY)
        return replace(made, **changes)


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Web]:
    async with AsyncExitStack() as stack:
        yield Web(
            await stack.enter_async_context(sites.YouTubeSite()),
            await stack.enter_async_context(sites.SoundCloudSite()),
            await stack.enter_async_context(sites.XSite()),
            await stack.enter_async_context(sites.FacebookSite()),
            await stack.enter_async_context(sites.InstagramSite()),
        )


class Told:
    """The owner's insight: two videos, a track and three accounts."""

    def __init__(self, studio: Studio, web: Web, clock: Clock) -> None:
        self.studio = studio
        self.web = web
        self.clock = clock

    async def tell(self, by: str = "owner", **changes: Any) -> None:
        told = {
            "twitterHandle": "GigPro",
            "facebookPageId": 4546477,
            "instagramHandle": "Gig.Pro",
            "works": [
                {"itemId": "l4WNrvVjiTw", "sourceType": "YOUTUBE", "isIndividualWork": True},
                {"itemId": "dQw4w9WgXcQ", "sourceType": "YOUTUBE", "isIndividualWork": True},
                {"itemId": "308946187", "sourceType": "SOUNDCLOUD", "isIndividualWork": True},
            ],
        } | changes
        answer = await self.studio.ask(
            "mutation($input: UserInsightInput!) { createUserInsight(input: $input) { userInsight { id } } }",
            by,
            input=told,
        )
        assert answer.data

    def publish(self, add: int = 0) -> None:
        """The networks know everything, and have `add` more of each."""
        self.web.youtube.known = {"l4WNrvVjiTw": 30 + add, "dQw4w9WgXcQ": 31 + add}
        self.web.soundcloud.known = {"308946187": 230 + add}
        self.web.x.known = {"gigpro": 4546 + add}
        self.web.facebook.known = {"4546477": 4547 + add}
        self.web.instagram.known = {"gig.pro": 4564 + add}

    async def refresh(self, **changes: Any) -> list[Outcome]:
        self.clock.advance(hours=1)
        return await self.web.refresher(self.studio.services, **changes).refresh()

    async def read(self, name: str = "owner") -> dict[str, Any]:
        answer = await self.studio.ask(READ, id=self.studio.people[name].id)
        insight: dict[str, Any] = answer.data["userInsight"]
        return insight

    async def figures(self) -> list[Any]:
        """Two videos, the track, and followers on X, Facebook and Instagram."""
        insight = await self.read()
        accounts = ("twitterFollowersCount", "facebookPageFollowersCount", "instagramFollowersCount")
        return [work["nonAppPlays"] for work in insight["works"]] + [insight[name] for name in accounts]


@pytest_asyncio.fixture
async def told(studio: Studio, web: Web, clock: Clock) -> Told:
    told = Told(studio, web, clock)
    await told.tell()
    told.publish()
    return told
