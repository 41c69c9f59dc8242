"""An issuer of tokens on loopback, whose keys and tokens the test makes as it likes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from jwt.algorithms import ECAlgorithm

from auth.account_services import AccountServices
from auth.identities import FirstSight, ForeignTokens
from auth.issuer import Issuer, IssuerSettings
from tests.conftest import client_of
from tests.social.sites import Reply, Request, Site
from tests.studio import Studio

AUDIENCE = "figures"


class SigningSite(Site):
    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, EllipticCurvePrivateKey] = {}
        self.rotate("first")

    def rotate(self, name: str) -> None:
        """From now on there is this key alone."""
        self.keys = {name: generate_private_key(SECP256R1())}

    def answer(self, request: Request) -> Reply:
        if request.path == "/.well-known/openid-configuration":
            return Reply({"issuer": self.address, "jwks_uri": f"{self.address}/keys"})
        keys = [
            ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name}
            for name, key in self.keys.items()
        ]
        return Reply({"keys": keys})

    def payload(self, now: datetime, **changed: Any) -> dict[str, Any]:
        payload = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "1234",
            "iat": now,
            "exp": now + timedelta(minutes=5),
            "email": "owner@example.com",
            "email_verified": True,
            **changed,
        }
        return {name: value for name, value in payload.items() if value is not None}

    def token(self, now: datetime, **changed: Any) -> str:
        ((name, key),) = self.keys.items()
        return jwt.encode(self.payload(now, **changed), key, "ES256", headers={"kid": name})

    @property
    def readings(self) -> int:
        """How often its keys were asked for."""
        return len([request for request in self.requests if request.path == "/keys"])


def trusting(studio: Studio, site: Site, first_sight: FirstSight | None = None) -> AccountServices:
    known = IssuerSettings(site.address, [AUDIENCE])
    issuer = Issuer(known, studio.clock)
    foreign = ForeignTokens(issuer, studio.services.database, first_sight or FirstSight())
    return replace(studio.services.accounts, foreign=foreign)


@asynccontextmanager
async def with_accounts(studio: Studio, accounts: AccountServices) -> AsyncIterator[Studio]:
    """The same studio, with these."""
    services = replace(studio.services, accounts=accounts)
    async with client_of(services) as client:
        yield replace(studio, services=services, client=client)
    await accounts.close()
