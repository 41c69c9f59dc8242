"""The clients of other networks, made from the settings."""

from collections.abc import Mapping
from datetime import timedelta

from limits import parse

from database import Database
from figures.scores import ScoreWeights
from models import Network
from server.settings import Settings, variable
from social.client import Client
from social.facebook import Facebook
from social.instagram import Instagram
from social.lease import Clock, Quota
from social.refresh import ConnectedNetwork, MissingSettings, Refresher
from social.soundcloud import SoundCloud
from social.x import X
from social.youtube import YouTube


def refresher_of(settings: Settings, database: Database, clock: Clock) -> Refresher:
    every = timedelta(hours=settings.refresh_hours) if settings.refresh_hours else None
    return Refresher(database, networks_of(settings), clock, every)


def networks_of(settings: Settings) -> Mapping[Network, ConnectedNetwork | MissingSettings]:
    return {network: _network(settings, network) for network in Network}


def _network(settings: Settings, network: Network) -> ConnectedNetwork | MissingSettings:
    client = _client(settings, network)
    if isinstance(client, MissingSettings):
        return client
    limit = parse(getattr(settings, f"{network.name.lower()}_quota"))
    return ConnectedNetwork(client, Quota(limit.amount, timedelta(seconds=limit.get_expiry())))


def _client(settings: Settings, network: Network) -> Client | MissingSettings:
    match network:
        case Network.YOUTUBE:
            if key := settings.youtube_api_key:
                return YouTube(key)
            return _missing(settings, "youtube_api_key")
        case Network.SOUNDCLOUD:
            if (id := settings.soundcloud_client_id) and (secret := settings.soundcloud_client_secret):
                return SoundCloud(id, secret)
            return _missing(settings, "soundcloud_client_id", "soundcloud_client_secret")
        case Network.X:
            if token := settings.x_bearer_token:
                return X(token)
            return _missing(settings, "x_bearer_token")
        case Network.FACEBOOK:
            if token := settings.facebook_access_token:
                return Facebook(token)
            return _missing(settings, "facebook_access_token")
        case Network.INSTAGRAM:
            if (id := settings.instagram_user_id) and (token := settings.instagram_access_token):
                return Instagram(id, token)
            return _missing(settings, "instagram_user_id", "instagram_access_token")


def _missing(settings: Settings, *names: str) -> MissingSettings:
    return MissingSettings([variable(name) for name in names if getattr(settings, name) is None])


def weights_of(settings: Settings) -> ScoreWeights:
    return ScoreWeights(
        reach=settings.score_reach_weight,
        activity=settings.score_activity_weight,
        interest=settings.score_interest_weight,
    )
