import asyncio
import gzip
import hashlib
import json
import re
import stat
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import argon2
import bcrypt
import pytest
from sqlalchemy import select, update
from sqlmodel import SQLModel, col
from typer.testing import CliRunner, Result

from auth.passwords import Passwords
from ingest.file_times import FileTimes
from models import ActiveUser, DayTotal, MonthTotal, SubjectTotal, Tenant, User
from resolvers.catalog.catalog_files import CatalogFile
from resolvers.catalog.catalog_import import CatalogImport
from server.commands.cli import app
from server.settings import PREFIX
from tests.conftest import client_of
from tests.rest.asking import RANGE
from tests.studio import PASSWORD, SECRET, Studio

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
"""For what the database has no part in."""

GUIDE = Path("docs/how-to/switching.md").read_text()
WORKS, CHAIR = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "ab")
PBKDF2 = (
    "pbkdf2_sha256$1000$salt$"
    + b64encode(hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", 1000)).decode()
)
BCRYPT = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
BCRYPT_SHA256 = (
    "bcrypt_sha256$"
    + bcrypt.hashpw(hashlib.sha256(PASSWORD.encode()).hexdigest().encode(), bcrypt.gensalt(4)).decode()
)
ARGON2I = argon2.PasswordHasher(1, 64, 1, type=argon2.Type.I).hash(PASSWORD)

CATALOG: list[dict[str, Any]] = [
    {
        "kind": "user",
        "legacyId": 7,
        "email": "Ada@Example.com",
        "username": "ada",
        "name": "Ada",
        "passwordHash": PBKDF2,
        "createdAt": "2022-01-01T00:00:00Z",
    },
    {"kind": "user", "legacyId": "8", "email": "bob@example.com", "username": "bob", "passwordHash": BCRYPT},
    {"kind": "user", "legacyId": 9, "email": "cleo@example.com", "username": "cleo"},
    {
        "kind": "publication",
        "legacyId": 42,
        "owner": 7,
        "name": "One",
        "customUrl": "one-studio",
        "allowBookings": True,
        "createdAt": "2022-02-01T00:00:00Z",
    },
    {"kind": "coCreator", "publication": 42, "user": "bob@example.com"},
    *(
        {
            "kind": "experience",
            "legacyId": number,
            "publication": "one-studio",
            "type": type,
            "title": f"Number {number}",
            "publishedAt": "2023-03-01T00:00:00Z",
        }
        for number, type in enumerate(["QUEST", "QUEST", "PODCAST"])
    ),
    {"kind": "like", "publication": 42, "user": 8, "createdAt": "2023-06-02T10:00:00Z"},
    {"kind": "like", "publication": "42", "user": 9, "createdAt": "2023-06-03T10:00:00Z"},
    {"kind": "bookmark", "publication": 42, "user": 9, "createdAt": "2023-06-03T10:00:00Z"},
    {"kind": "follow", "follower": 8, "followed": 7},
    {"kind": "follow", "follower": 7, "followed": 9},
    {"kind": "follow", "follower": 9, "followed": 7},
    {"kind": "organization", "legacyId": WORKS.upper(), "name": "Works"},
    {"kind": "membership", "organization": WORKS, "user": 7, "role": "OWNER"},
    {"kind": "membership", "organization": WORKS, "user": 8, "role": "member"},
    {"kind": "workspace", "legacyId": 5, "organization": WORKS, "name": "Furniture", "members": [8]},
    {"kind": "workspace", "legacyId": 6, "organization": WORKS, "name": "Lighting"},
    {"kind": "workspaceMember", "workspace": 6, "user": 9},
    {
        "kind": "asset",
        "legacyId": CHAIR,
        "workspace": 5,
        "name": "Chair",
        "formats": [{"type": "GLB", "url": "https://files.test/c.glb", "sizeBytes": 7}],
        "domains": ["*.Shop.test"],
    },
    {"kind": "assetFormat", "asset": CHAIR, "type": "USDZ", "url": "https://files.test/c.usdz"},
    {
        "kind": "insight",
        "legacyId": 3,
        "user": 7,
        "hasAbout": True,
        "numberOfRoles": 2,
        "profileViews": 10,
        "twitterHandle": "@ada",
        "twitterFollowersCount": 100,
        "works": [{"sourceType": 1, "itemId": "abc", "inAppPlays": 2, "isIndividualWork": True}],
    },
]
MADE = {
    "user": 3,
    "publication": 1,
    "coCreator": 1,
    "experience": 3,
    "like": 2,
    "bookmark": 1,
    "follow": 3,
    "organization": 1,
    "membership": 2,
    "workspace": 2,
    "workspaceMember": 1,
    "asset": 1,
    "assetFormat": 1,
    "insight": 1,
}


async def run(studio: Studio, *arguments: object, command: str = "import-catalog") -> Result:
    url = studio.services.database.url.render_as_string(hide_password=False)
    words = [command, *map(str, arguments), "--database-url", url]
    return await asyncio.to_thread(CliRunner().invoke, app, words, env={f"{PREFIX}SECRET": SECRET})


def write(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


async def imported(studio: Studio, path: Path, *options: object) -> dict[str, tuple[int, ...]]:
    """By kind, how many were made, changed and not changed; with the sum of what was rejected."""
    result = await run(studio, path, *options)
    assert (result.exit_code, result.stderr) == (0, ""), (result.output, result.exception)
    found = re.findall(r"^  (\w+) +(\d+)(?: +(\d+) +(\d+))?$", result.stdout, re.MULTILINE)
    return {name: tuple(int(count or 0) for count in counts) for name, *counts in found}


def only(place: int, counts: dict[str, int]) -> dict[str, tuple[int, ...]]:
    """All made (0), changed (1) or unchanged (2)."""
    return {
        **{name: tuple(count * (at == place) for at in range(3)) for name, count in counts.items()},
        "rejected": (0, 0, 0),
    }


async def tables(studio: Studio) -> dict[str, list[str]]:
    """Every row of every table."""
    found = {}
    async with studio.services.database.engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            found[table.name] = sorted(map(str, await connection.execute(select(table))))
        await connection.rollback()
    return found


async def hash_of(studio: Studio, username: str) -> str | None:
    async with studio.services.database.snapshot() as connection:
        statement = select(col(User.password_hash)).where(col(User.username) == username)
        found: str | None = (await connection.execute(statement)).scalar_one()
    return found


async def token_of(studio: Studio, username: str, password: str = PASSWORD) -> str | None:
    response = await studio.client.post(
        "/v1/auth/login", json={"email": f"{username}@example.com", "password": password}
    )
    token: str | None = response.headers.get("x-auth-token")
    return token


async def test_a_catalog_is_found_by_its_old_ids(studio: Studio, tmp_path: Path) -> None:
    file = write(tmp_path / "catalog.ndjson", CATALOG)
    before = await tables(studio)
    assert await imported(studio, file, "--dry-run") == only(0, MADE)
    assert await tables(studio) == before

    assert await imported(studio, file, "--batch", 5) == only(0, MADE)
    once = await tables(studio)
    assert await imported(studio, file) == only(2, MADE)
    assert await imported(studio, file, "--dry-run") == only(2, MADE)
    assert await tables(studio) == once
    assert (await run(studio, command="verify")).output.strip() == "No total differs."

    token = await token_of(studio, "ada")
    assert token
    ada = {"x-auth-token": token}
    answer = await studio.send({"query": QUERY, "variables": {"works": WORKS, "chair": CHAIR}}, ada)
    assert answer.data == ANSWER
    metrics = await studio.client.post("/api/v1/aistudios/metrics/", json={"url": "one-studio"}, headers=ada)
    body = metrics.json()
    assert body["publication"]["id"] == 42
    assert body["experience_counts"] == {"AI_EXPERT": 0, "AI_NOTE": 0, "QUEST": 2, "PODCAST": 1, "total": 3}
    assert (body["metrics"]["total_likes"], body["metrics"]["total_bookmarks"]) == (2, 1)
    assert body["metrics"]["monthly_active_users"] == 2
    assert body["social_metrics"] == {"followers_count": 2, "following_count": 1}
    insight = await studio.client.get("/api/user_insights/7", headers=ada)
    assert (insight.json()["id"], insight.json()["profile_views"]) == (3, 10)
    organizations = await studio.client.get("/v1/organizations", headers=ada)
    assert [one["uuid"] for one in organizations.json()["response"]["grid"]] == [WORKS]
    scoped = await studio.client.post("/v1/auth/refresh-token", json={"organizationUuid": WORKS}, headers=ada)
    dashboard = await studio.client.post(
        "/v2/metrics/dashboard",
        json={**RANGE, "productsUuid": [CHAIR]},
        headers={"x-auth-token": scoped.headers["x-auth-token"]},
    )
    assert dashboard.status_code == 200


QUERY = """query($works: ID!, $chair: ID!) {
  viewer { legacyId name insight { legacyId profileViews works { itemId inAppPlays isIndividualWork } } }
  user: userInsight(userId: "7") { twitterHandle twitterFollowersCount }
  publication(url: "one-studio") {
    legacyId createdAt allowBookings owner { legacyId } coCreators { username }
    socialMetrics { followersCount followingCount }
  }
  organization(id: $works) { legacyId name }
  workspace(id: "5") { legacyId name }
  asset(id: $chair) { legacyId name formats { type url sizeBytes } }
}"""
ANSWER = {
    "viewer": {
        "legacyId": "7",
        "name": "Ada",
        "insight": {
            "legacyId": "3",
            "profileViews": 10,
            "works": [{"itemId": "abc", "inAppPlays": 2, "isIndividualWork": True}],
        },
    },
    "user": {"twitterHandle": "ada", "twitterFollowersCount": 100},
    "publication": {
        "legacyId": "42",
        "createdAt": "2022-02-01T00:00:00Z",
        "allowBookings": True,
        "owner": {"legacyId": "7"},
        "coCreators": [{"username": "bob"}],
        "socialMetrics": {"followersCount": 2, "followingCount": 1},
    },
    "organization": {"legacyId": WORKS, "name": "Works"},
    "workspace": {"legacyId": "5", "name": "Furniture"},
    "asset": {
        "legacyId": CHAIR,
        "name": "Chair",
        "formats": [
            {"type": "GLB", "url": "https://files.test/c.glb", "sizeBytes": 7},
            {"type": "USDZ", "url": "https://files.test/c.usdz", "sizeBytes": None},
        ],
    },
}


async def test_marks_count_as_if_they_had_been_made_then(studio: Studio, tmp_path: Path) -> None:
    """The same totals as those of the mutations, for another publication of the same owner."""
    times = [datetime(2023, 5, 31, 23, 59, tzinfo=UTC), datetime(2023, 6, 14, tzinfo=UTC)]
    other = await studio.add_publication("other-studio", "owner")
    rows = []
    for at, by in zip(times, ("stranger", "member"), strict=True):
        studio.clock.now = at
        for mark in ("like", "bookmark"):
            mutation = f"mutation($p: ID!) {{ {mark}Publication(publicationId: $p) {{ __typename }} }}"
            assert (await studio.ask(mutation, by, p=studio.publication)).data
            rows.append(
                {
                    "kind": mark,
                    "publication": other,
                    "user": studio.people[by].id,
                    "createdAt": at.isoformat(),
                }
            )

    counts = await imported(studio, write(tmp_path / "marks.ndjson", rows * 2))

    assert counts == {"like": (2, 0, 2), "bookmark": (2, 0, 2), "rejected": (0, 0, 0)}
    for model in (DayTotal, MonthTotal, SubjectTotal, ActiveUser):
        first, second = await counted(studio, model)
        assert len(first) > 1
        assert first == second


async def counted(studio: Studio, model: type[SQLModel]) -> list[list[str]]:
    """The rows of each of the two publications, without its id."""
    columns: Any = model
    async with studio.services.database.snapshot() as connection:
        rows = (await connection.execute(select(model))).mappings().all()
    name = "publication_id" if hasattr(columns, "publication_id") else "subject_id"
    ids = sorted({row[name] for row in rows})
    return [
        sorted(
            str({key: value for key, value in row.items() if key != name}) for row in rows if row[name] == id
        )
        for id in ids
    ]


@on_sqlite
async def test_each_hash_becomes_argon2id_at_the_next_sign_in(studio: Studio, tmp_path: Path) -> None:
    known = [PBKDF2, BCRYPT, f"bcrypt${BCRYPT}", BCRYPT_SHA256, ARGON2I, f"argon2{ARGON2I}"]
    people = {f"ada{place}": one for place, one in enumerate(known)}
    rows = [
        {"legacyId": 1 + place, "email": f"{name}@example.com", "username": name, "passwordHash": one}
        for place, (name, one) in enumerate(people.items())
    ]
    file = write(tmp_path / "users.ndjson", rows)
    assert (await imported(studio, file, "--kind", "user"))["user"] == (6, 0, 0)
    services = replace(studio.services, passwords=Passwords())
    async with client_of(services) as client:
        usual = replace(studio, services=services, client=client)
        for name, one in people.items():
            assert await token_of(usual, name, "another") is None
            assert await hash_of(usual, name) == one
            assert await token_of(usual, name)
            new = await hash_of(usual, name)
            assert new is not None
            assert new.startswith("$argon2id$v=19$m=65536,t=3,p=4$")

        assert await token_of(usual, "ada0")
    before = await tables(studio)
    assert (await imported(studio, file, "--kind", "user"))["user"] == (0, 0, 6)
    assert await tables(studio) == before


BAD = [
    (
        {"kind": "user", "legacyId": 1, "email": "eve@example.com"},
        "MISSING_FIELD A new user needs `username`.",
    ),
    ({"kind": "user", "username": "eve"}, "MISSING_FIELD It needs `legacyId` or `email`."),
    ({"kind": "user", "legacyId": "x7", "email": "eve@example.com"}, "INVALID_LEGACY_ID"),
    ({"kind": "user", "legacyId": 10, "email": "eve"}, "INVALID_EMAIL `eve` is no email address."),
    (
        {"kind": "user", "legacyId": 10, "email": "eve@example.com", "username": "ada"},
        "TAKEN Another user has this username.",
    ),
    (
        {"kind": "user", "legacyId": 10, "email": "ada@example.com"},
        "CANNOT_CHANGE The legacyId of this user is another one already.",
    ),
    (
        {
            "kind": "user",
            "legacyId": 10,
            "email": "eve@example.com",
            "username": "eve",
            "passwordHash": "pbkdf2_sha256$90000000$salt$" + PBKDF2.split("$")[-1],
        },
        "INVALID_PASSWORD_HASH PBKDF2 may have 2,000,000 iterations at most.",
    ),
    (
        {"kind": "user", "legacyId": 7, "passwordHash": BCRYPT.replace("$04$", "$15$")},
        "INVALID_PASSWORD_HASH bcrypt may have a cost from 4 to 14.",
    ),
    ({"kind": "user", "legacyId": 7, "createdAt": PBKDF2}, "INVALID_ROW '(a password hash)"),
    ({"kind": "user", "legacyId": 7, "createdAt": BCRYPT}, "INVALID_ROW '(a password hash)"),
    ({"kind": "user", "legacyId": 7, "createdAt": ARGON2I}, "INVALID_ROW '$(a password hash)"),
    ({"kind": "user", "legacyId": 7, "colour": "red"}, "INVALID_ROW Object contains unknown field `colour`"),
    ({"kind": "person", "legacyId": 7}, "INVALID_ROW 'person' is no kind: the kinds are user, publication"),
    ({"legacyId": 7}, "INVALID_ROW It has no `kind`: the kinds are user"),
    (
        {"kind": "publication", "legacyId": 43, "owner": 99, "name": "Two", "customUrl": "two-studio"},
        "UNKNOWN_USER There is no user '99'.",
    ),
    ({"kind": "publication", "legacyId": 42, "owner": 8}, "CANNOT_CHANGE The owner of this publication"),
    ({"kind": "publication", "legacyId": 42, "customUrl": "Not One"}, "INVALID_CUSTOM_URL"),
    ({"kind": "coCreator", "publication": 42, "user": 7}, "OWNER_IS_NO_CO_CREATOR"),
    (
        {"kind": "experience", "publication": 42, "type": "MOVIE", "title": "M"},
        "INVALID_ROW None of AI_EXPERT",
    ),
    ({"kind": "like", "publication": 42, "user": 7}, "INVALID_ROW Object missing required field `createdAt`"),
    (
        {"kind": "like", "publication": 42, "user": 7, "createdAt": "2023-06-01 10:00:00"},
        "INVALID_ROW '2023-06-01T10:00:00' has no offset, and no --time-zone says whose time it is",
    ),
    (
        {"kind": "like", "publication": 42, "user": 7, "createdAt": "2123-06-01T10:00:00Z"},
        "IN_THE_FUTURE `createdAt` is in the future.",
    ),
    (
        {"kind": "bookmark", "publication": "no-studio", "user": 7, "createdAt": "2023-06-01T10:00:00Z"},
        "UNKNOWN_PUBLICATION There is no publication 'no-studio'.",
    ),
    ({"kind": "follow", "follower": 7, "followed": "ada@example.com"}, "ONESELF Nobody follows themselves."),
    (
        {"kind": "membership", "organization": WORKS, "user": 7, "role": "BOSS"},
        "INVALID_ROW None of OWNER, ADMIN",
    ),
    ({"kind": "workspace", "legacyId": 8, "organization": 1, "name": "W"}, "UNKNOWN_ORGANIZATION"),
    (
        {"kind": "asset", "legacyId": 8, "workspace": 5, "organization": 1, "name": "A"},
        "UNKNOWN_ORGANIZATION",
    ),
    (
        {
            "kind": "asset",
            "legacyId": 8,
            "workspace": 5,
            "name": "A",
            "formats": [{"type": 1, "url": "c.glb"}],
        },
        "INVALID_URL",
    ),
    *(
        (
            {
                "kind": "asset",
                "legacyId": 8,
                "workspace": 5,
                "name": "A",
                "formats": [{"type": "GLB", "url": "https://files.test/c.glb", **one}],
            },
            reason,
        )
        for one, reason in (
            ({"url": "https://files.test/\0.glb"}, "INVALID_URL"),
            ({"sizeBytes": 2**53}, "INVALID_SIZE"),
            ({"sizeBytes": 2**63}, "INVALID_"),
        )
    ),
    ({"kind": "asset", "legacyId": 8, "workspace": 5, "name": "A", "domains": ["a b"]}, "INVALID_DOMAIN"),
    (
        {"kind": "insight", "user": 7, "numberOfRoles": -1},
        "INVALID_INSIGHT `numberOfRoles` is a number from 0",
    ),
    *(
        ({"kind": "insight", "user": 7, name: 2**31}, f"INVALID_INSIGHT `{name}` is a number from 0 to 2,147")
        for name in ("numberOfRoles", "numberOfActs")
    ),
    ({"kind": "user", "legacyId": 7, "name": None, "colour": "red"}, "INVALID_ROW Object contains unknown"),
    (
        {"kind": "work", "user": 8, "sourceType": 1, "itemId": "x"},
        "UNKNOWN_INSIGHT There is no insight of the user",
    ),
]


@on_sqlite
async def test_a_bad_line_is_rejected_alone_and_can_be_mended(studio: Studio, tmp_path: Path) -> None:
    assert await imported(studio, write(tmp_path / "catalog.ndjson", CATALOG)) == only(0, MADE)
    good = {"kind": "user", "legacyId": 11, "email": "fay@example.com", "username": "fay"}
    file, rejects = tmp_path / "bad.ndjson", tmp_path / "rejects.ndjson"
    write(file, [row for row, _ in BAD])
    with file.open("a") as stream:
        stream.write('{"kind": "user", \n\n')
        stream.write(json.dumps(good) + "\n")
    before = await tables(studio)

    result = await run(studio, file, "--rejects", rejects, "--strict")

    assert result.exit_code == 1
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    written = [json.loads(line) for line in rejects.read_text().splitlines()]
    told = [f"{one['reason']} {one['detail']}" for one in written]
    expected = [words for _, words in BAD]
    assert [words[: len(start)] for words, start in zip(told, expected, strict=False)] == expected
    assert [one["row"] for one in written[:-1]] == [row for row, _ in BAD]
    assert written[-1]["line"] == len(BAD) + 1
    assert written[-1]["text"] == '{"kind": "user",'
    for secret in (PBKDF2[:20], PBKDF2[-20:], BCRYPT[8:], ARGON2I[10:30]):
        assert secret not in result.output
        assert not any(secret in words for words in told)
    assert f"line 1: {told[0]}" in result.stdout
    assert await imported(studio, write(tmp_path / "good.ndjson", [good])) == {
        "user": (0, 0, 1),
        "rejected": (0, 0, 0),
    }
    changed = {name for name, rows in (await tables(studio)).items() if rows != before[name]}
    assert changed == {"users", "tenants", "audit_entries"}

    better = '"email":"eve@example.com","username":"eve"'
    rejects.write_text(rejects.read_text().replace('"email":"eve"', better))
    mended = await run(studio, rejects, "--rejects", tmp_path / "still.ndjson")
    assert re.search(r"^  user +1 +0 +0$", mended.stdout, re.MULTILINE), mended.stdout


async def test_of_an_asset_with_too_many_domains_nothing_is_stored(studio: Studio, tmp_path: Path) -> None:
    await imported(studio, write(tmp_path / "catalog.ndjson", CATALOG))
    asset = {"kind": "asset", "legacyId": CHAIR, "workspace": 6}
    many, more, other = ([f"{name}{number}.test" for number in range(60)] for name in ("a", "b", "c"))
    await imported(studio, write(tmp_path / "many.ndjson", [{**asset, "domains": many}]))
    before = await tables(studio)

    result = await run(studio, write(tmp_path / "more.ndjson", [{**asset, "name": "Two", "domains": more}]))

    assert "line 1: TOO_MANY At most 100 domains of an asset." in result.stdout
    assert await tables(studio) == before
    counts = await imported(
        studio, write(tmp_path / "fewer.ndjson", [{**asset, "domains": many + other[:39]}])
    )
    assert counts == {"asset": (0, 1, 0), "rejected": (0, 0, 0)}


@on_sqlite
async def test_long_lines_end_a_batch(studio: Studio, tmp_path: Path) -> None:
    rows = [{"kind": "user", "legacyId": 7, "colour": "r" * 900_000}] * 8
    packed = tmp_path / "long.ndjson.gz"
    packed.write_bytes(gzip.compress(write(tmp_path / "long.ndjson", rows).read_bytes()))
    file = CatalogFile(packed, None, FileTimes())
    sizes: list[int] = []
    catalog = CatalogImport(studio.services, file, on_batch=lambda: sizes.append(catalog.tally.lines))

    await catalog.run()

    # As many as have 6 million bytes, and the rest.
    assert sizes == [7, 8]


async def test_what_changed_in_the_file_changes_here(studio: Studio, tmp_path: Path) -> None:
    await imported(studio, write(tmp_path / "catalog.ndjson", CATALOG))
    rows = [
        {"kind": "user", "legacyId": 7, "email": "ada@other.example", "name": "Countess"},
        {"kind": "publication", "legacyId": 42, "name": "Two", "customUrl": "two-studio"},
        {
            "kind": "experience",
            "legacyId": 0,
            "publication": 42,
            "type": "AI_NOTE",
            "title": "Note",
            "publishedAt": "2023-03-02T00:00:00Z",
        },
        {"kind": "like", "publication": 42, "user": 8, "createdAt": "2023-06-09T10:00:00Z"},
        {"kind": "membership", "organization": WORKS, "user": 8, "role": "ADMIN"},
        {"kind": "workspace", "legacyId": 6, "organization": WORKS, "name": "Lamps", "members": [8]},
        {
            "kind": "asset",
            "legacyId": CHAIR,
            "workspace": 6,
            "formats": [{"type": "GLB", "url": "https://files.test/c.glb", "sizeBytes": 8}],
        },
        {"kind": "insight", "user": 7, "twitterHandle": "countess", "profileViews": 20},
        {"kind": "work", "user": 7, "sourceType": "YOUTUBE", "itemId": "abc", "inAppPlays": 3},
        {"kind": "user", "legacyId": 7, "name": "Lovelace"},
    ]

    counts = await imported(studio, write(tmp_path / "changed.ndjson", rows))

    assert counts == {
        "user": (0, 2, 0),
        "publication": (0, 1, 0),
        "experience": (0, 1, 0),
        "like": (0, 0, 1),
        "membership": (0, 1, 0),
        "workspace": (0, 1, 0),
        "asset": (0, 1, 0),
        "insight": (0, 1, 0),
        "work": (0, 1, 0),
        "rejected": (0, 0, 0),
    }
    assert (await run(studio, command="verify")).output.strip() == "No total differs."
    response = await studio.client.post(
        "/v1/auth/login", json={"email": "ada@other.example", "password": PASSWORD}
    )
    answer = await studio.send(
        {
            "query": """{
              viewer { name insight { profileViews twitterHandle twitterFollowersCount
                works { inAppPlays } } }
              publication(url: "two-studio") { name experienceCounts { aiNote quest podcast } }
              workspace(id: "6") { name assets(first: 5) { edges { node { name formats { sizeBytes } } } } }
            }"""
        },
        {"x-auth-token": response.headers["x-auth-token"]},
    )
    assert answer.data == {
        "viewer": {
            "name": "Lovelace",
            "insight": {
                "profileViews": 20,
                "twitterHandle": "countess",
                "twitterFollowersCount": None,
                "works": [{"inAppPlays": 3}],
            },
        },
        "publication": {"name": "Two", "experienceCounts": {"aiNote": 1, "quest": 1, "podcast": 1}},
        "workspace": {
            "name": "Lamps",
            "assets": {
                "edges": [{"node": {"name": "Chair", "formats": [{"sizeBytes": 8}, {"sizeBytes": None}]}}]
            },
        },
    }


@on_sqlite
async def test_a_table_of_another_database_is_read_as_it_is_written(studio: Studio, tmp_path: Path) -> None:
    """A file of CSV for each table, with the names that columns have there."""
    users, publications, assets = (tmp_path / f"{name}.csv" for name in ("users", "publications", "assets"))
    users.write_text(
        "legacy_id;email;username;created_at\n7;ada@example.com;ada;2022-01-01 10:00:00\n", "utf-16"
    )
    publications.write_text(
        "legacyId,owner,name,custom_url,allow_bookings,created_at\n42,7,One,one-studio,t,1/2/2022 10:00\n"
        "43,7,Two\n"
    )
    assets.write_text(
        "kind\tlegacyId\torganization\tworkspace\tname\tmembers\tformats\n"
        "organization\t1\t\\N\t\\N\tWorks\t\\N\t\\N\n"
        "workspace\t1\t1\t\\N\tRoom\t[7]\t\\N\n"
        """asset\t1\t1\t1\tChair\t\\N\t"[{""type"": ""GLB"", ""url"": ""https://files.test/c""}]"\n"""
    )
    zone = ("--time-zone", "Europe/Paris", "--dates", "day-first")

    assert (await imported(studio, users, "--kind", "user", *zone))["user"] == (1, 0, 0)
    counts = await imported(studio, publications, "--kind", "publication", *zone)
    assert (counts["publication"], counts["rejected"]) == ((1, 0, 0), (1, 0, 0))
    assert await imported(studio, assets, "--format", "csv") == {
        "organization": (1, 0, 0),
        "workspace": (1, 0, 0),
        "asset": (1, 0, 0),
        "rejected": (0, 0, 0),
    }
    answer = await studio.ask("""{ publication(url: "one-studio") { allowBookings createdAt } }""")
    assert answer.data == {"publication": {"allowBookings": True, "createdAt": "2022-02-01T09:00:00Z"}}
    assert await studio.count("workspace_memberships") == 2
    unknown = await run(studio, assets, "--kind", "asset")
    assert (unknown.exit_code, unknown.stderr[:32]) == (1, "Unknown columns: members. Known ")


@on_sqlite
async def test_an_object_that_is_here_already_gets_its_old_id(studio: Studio, tmp_path: Path) -> None:
    rows = [
        {"kind": "user", "legacyId": 1, "email": "owner@example.com"},
        {"kind": "publication", "legacyId": 2, "customUrl": "ai-research-studio"},
        {"kind": "coCreator", "publication": studio.publication, "user": studio.people["stranger"].id},
        {"kind": "membership", "organization": studio.organization, "user": 1, "role": "OWNER"},
        {"kind": "workspaceMember", "workspace": studio.workspaces[0], "user": 1},
    ]

    counts = await imported(studio, write(tmp_path / "ids.ndjson", rows))

    assert counts == {
        "user": (0, 1, 0),
        "publication": (0, 1, 0),
        "coCreator": (1, 0, 0),
        "membership": (1, 0, 0),
        "workspaceMember": (1, 0, 0),
        "rejected": (0, 0, 0),
    }
    answer = await studio.ask(
        """{ publication(url: "ai-research-studio") { legacyId owner { legacyId } } }"""
    )
    assert answer.data == {"publication": {"legacyId": "2", "owner": {"legacyId": "1"}}}


async def test_events_name_their_subjects_by_old_ids(studio: Studio, tmp_path: Path) -> None:
    await imported(studio, write(tmp_path / "catalog.ndjson", CATALOG))
    at = {"occurredAt": "2023-06-04T10:00:00Z"}
    events = [
        {"subject": {"publicationId": "42"}, "action": "VIEW", "userId": "9", **at},
        {"subject": {"assetId": CHAIR.upper()}, "action": "VIEW_3D", "domain": "www.shop.test", **at},
        {"subject": {"assetId": CHAIR}, "action": "VIEW_3D", "domain": "other.test", **at},
        {"subject": {"profileUserId": "7"}, "action": "PROFILE_VIEW", **at},
        {
            "subject": {"work": {"userId": "7", "sourceType": "YOUTUBE", "itemId": "abc"}},
            "action": "PLAY",
            **at,
        },
        {"subject": {"publicationId": "43"}, "action": "VIEW", **at},
        {"subject": {"publicationId": studio.publication}, "action": "VIEW", "userId": "99", **at},
    ]
    file = write(tmp_path / "events.ndjson", events)

    result = await run(studio, file, command="import")

    assert re.findall(r"^  (?:stored|rejected|line.*)\b.*$", result.stdout, re.MULTILINE) == [
        "  stored                 4",
        "  rejected               3",
        "  line 3: DOMAIN_NOT_ALLOWED",
        "  line 6: UNKNOWN_SUBJECT",
        "  line 7: UNKNOWN_USER",
    ]
    own = await run(studio, file, "--as", "ada@example.com", command="import")
    assert "  duplicates             4" in own.stdout
    total = {"subject": {"publicationId": "42"}, "action": "VIEW", "day": "2023-05-01", "count": 5}
    file = write(tmp_path / "totals.ndjson", [total, {**total, "subject": {"publicationId": "43"}}])
    totals = await run(studio, file, "--source", "old", command="import-totals")
    assert "  counted                1" in totals.stdout
    assert "  line 2: UNKNOWN_SUBJECT" in totals.stdout
    query = '{ publication(url: "one-studio") { legacyId metrics { totalViews } } }'
    answer = await studio.send({"query": query}, {"x-auth-token": await token_of(studio, "ada") or ""})
    assert answer.data == {"publication": {"legacyId": "42", "metrics": {"totalViews": 6}}}


@on_sqlite
async def test_the_example_of_the_guide_is_imported(studio: Studio, tmp_path: Path) -> None:
    (example,) = re.findall(r"^```ndjson\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    file = tmp_path / "catalog.ndjson"
    file.write_text(example)

    counts = await imported(studio, file)

    kinds = ("user", "publication", "like", "organization", "workspace", "asset")
    assert counts == only(0, dict.fromkeys(kinds, 1))
    assert await token_of(studio, "ada", "a password")


@on_sqlite
async def test_two_organizations_may_bring_the_same_ids(studio: Studio, tmp_path: Path) -> None:
    """Then a row that names one of their workspaces or assets names the organization, too."""
    both = [
        {"kind": kind, "legacyId": 1, "name": kind, "organization": id, "workspace": 1}
        for kind in ("organization", "workspace", "asset")
        for id in (1, 2)
    ]
    for row in both:
        if row["kind"] == "organization":
            row["legacyId"] = row.pop("organization")
        if row["kind"] != "asset":
            del row["workspace"]
    format = {"kind": "assetFormat", "asset": 1, "type": "GLB", "url": "https://files.test/c.glb"}
    rows = [*both, format, {**format, "organization": 2}]

    result = await run(studio, write(tmp_path / "two.ndjson", rows))

    assert re.findall(r"^  (?:asset|rejected|line).*$", result.stdout, re.MULTILINE) == [
        "  asset                      2           0           0",
        "  assetFormat                1           0           0",
        "  rejected               1",
        "  line 7: AMBIGUOUS_ASSET Several organizations have brought the asset '1': "
        "name the `organization`, too.",
    ]


@on_sqlite
async def test_no_like_is_imported_for_a_day_that_was_pruned(studio: Studio, tmp_path: Path) -> None:
    """It would not be counted, and be missing from the count once it was taken back."""
    async with studio.services.database.writing() as session:
        await session.execute(update(Tenant).values(pruned_before=date(2023, 6, 1), time_zone="Europe/Paris"))
    like = {"kind": "like", "publication": "ai-research-studio", "user": studio.people["stranger"].id}
    rows = [
        {**like, "createdAt": "2023-05-31T21:59:59Z"},
        {**like, "user": "member@example.com", "createdAt": "2023-05-31T22:00:00Z"},
    ]

    result = await run(studio, write(tmp_path / "likes.ndjson", rows))

    assert "  like                       1           0           0\n" in result.stdout
    assert "  line 1: PRUNED Days before 2023-05-31T22:00:00+00:00 were pruned.\n" in result.stdout
    assert await studio.count("likes") == await studio.count("events") == 1
