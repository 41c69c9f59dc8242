from datetime import timedelta
from typing import Any

from base.ids import Kind, global_id, uuid7
from ingest.row_discrepancies import mend_row_totals
from models import CoCreator, Experience, ExperienceType, Follow, Publication, Tenant, User
from tests.events import RECORD, view
from tests.studio import START, Studio

MANY = 50
RANGE = 'range: {start: "2023-05-10", end: "2023-06-15T11:59:59Z"}'
TWO_HOURS = 'range: {start: "2023-06-15T10:00:00Z", end: "2023-06-15T11:59:59Z"}'
FIGURES = "takenBack { likes } totalViews totalLikes totalAppointments monthlyActiveUsers generatedAt"
SERIES = "count points { dateInterval deviceCategory domain count }"
# How many statements each field takes, be it for 1 publication or for 50. A protected one asks for
# the co-creators, too, because the viewer is one.
FIELDS = {
    "id name customUrl createdAt allowBookings": 0,
    "owner { username name }": 1,
    "owner { publications { totalCount } }": 3,
    "owner { publications(first: 2) { edges { node { name owner { username } } } } }": 2,
    "coCreators { username name }": 1,
    "experiences { totalCount }": 2,
    "experiences(first: 2) { edges { cursor node { title type } } pageInfo { hasNextPage } }": 1,
    "experiences(type: QUEST) { totalCount edges { node { title } } }": 2,
    "experienceCounts { aiExpert aiNote quest podcast total }": 2,
    # Its totals also tell whether what was kept still holds.
    f"metrics {{ {FIGURES} previous {{ {FIGURES} }} }}": 3,
    f"metrics({RANGE}) {{ {FIGURES} }}": 4,
    f"metrics({RANGE}) {{ {FIGURES} previous {{ {FIGURES} previous {{ {FIGURES} }} }} }}": 8,
    "socialMetrics { followersCount followingCount }": 2,
    "appointments { totalCount edges { node { startsAt } } }": 3,
    "comments { totalCount edges { node { body } } }": 3,
    f"views({RANGE}, interval: DAY) {{ {SERIES} }}": 2,
    f"views({TWO_HOURS}, interval: HOUR, zeroFill: true) {{ {SERIES} }}": 2,
    f"actions(action: BOOK, {RANGE}, interval: DAY) {{ takenBack {SERIES} }}": 2,
    # Its price depends on how many sites there are, and its groups on how they are called.
    f"views({RANGE}, interval: MONTH, groupBy: [DEVICE, DOMAIN]) {{ {SERIES} }}": 4,
    f'views({RANGE}, interval: WEEK, timeZone: "Asia/Kolkata", domain: "example.com") {{ {SERIES} }}': 4,
}
# These go by way of other people to the same lists as the owner's; so beside the owner's it is a
# matter of timing whether one statement reads both.
BESIDE = {"coCreators { username publications(first: 2) { totalCount edges { node { name } } } }": 3}
EVERYTHING = f"""fragment Everything on Publication {{
  {" ".join(f"f{number}: {field}" for number, field in enumerate(list(FIELDS)[1:]))} {next(iter(FIELDS))}
}}"""
# A statement for the viewer's token, one for the list.
LIST = "query($n: Int!) { publications(first: $n) { edges { node { %s } } } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Publication { %s } } }"
OF_VIEWER = 2
TIMES = ["2023-04-05T01:02:03", "2023-05-09T23:59:59", "2023-05-10T00:00:00", "2023-06-01T12:00:00"]


async def open_many(studio: Studio) -> list[str]:
    """Publications of as many owners, all made with the co-creator; their global ids, oldest first."""
    co_creator = studio.people["cocreator"].row.id
    async with studio.services.database.writing() as session:
        tenants = [Tenant() for _ in range(MANY)]
        session.add_all(tenants)
        await session.flush()
        owners = [
            User(
                public_id=uuid7(START),
                tenant_id=tenant.id,
                email=f"maker-{n}@example.com",
                username=f"maker-{n}",
                created_at=START,
            )
            for n, tenant in enumerate(tenants)
        ]
        session.add_all(owners)
        await session.flush()
        publications = [
            Publication(
                public_id=uuid7(START),
                owner_id=owner.id,
                name=f"Publication {n}",
                custom_url=f"publication-{n}",
                created_at=START - timedelta(days=1) + timedelta(minutes=n),
            )
            for n, owner in enumerate(owners)
        ]
        session.add_all(publications)
        await session.flush()
        session.add_all(
            CoCreator(publication_id=publication.id, user_id=co_creator, created_at=START)
            for publication in publications
        )
        session.add_all(
            Follow(follower_id=co_creator, followed_id=owner.id, created_at=START) for owner in owners
        )
        session.add_all(
            Experience(
                public_id=uuid7(START),
                publication_id=publication.id,
                type=type,
                title=type.name,
                published_at=START - timedelta(minutes=type),
            )
            for publication in publications
            for type in ExperienceType
        )
    await mend_row_totals(studio.services.database, None)
    ids = [global_id(Kind.PUBLICATION, publication.public_id) for publication in publications]
    await report(studio, ids)
    return ids


async def report(studio: Studio, ids: list[str]) -> None:
    """To each another number of views."""
    events = [
        {"subject": {"publicationId": id}, **view(at, device="MOBILE", domain="example.com")}
        for n, id in enumerate(ids)
        for at in TIMES
        for _ in range(n % 3 + 1)
    ]
    answer = await studio.ask(RECORD, "cocreator", events=events)
    assert answer.data == {"recordEvents": {"stored": len(events)}}


async def ask(studio: Studio, query: str, **variables: Any) -> tuple[int, Any]:
    """How many statements reached the database, and the answer; nothing comes from the hour's cache."""
    studio.clock.advance(hours=1)
    with studio.statements() as statements:
        answer = await studio.ask(query, "cocreator", **variables)
    return len(statements), answer.data


async def test_a_field_takes_as_many_statements_for_50_publications_as_for_one(studio: Studio) -> None:
    await open_many(studio)
    taken = {}
    for field in FIELDS | BESIDE:
        of_one, one = await ask(studio, LIST % field, n=1)
        of_many, many = await ask(studio, LIST % field, n=MANY)
        assert [len(found["publications"]["edges"]) for found in (one, many)] == [1, MANY]
        taken[field] = of_one - OF_VIEWER, of_many - OF_VIEWER
    assert taken == {field: (number, number) for field, number in (FIELDS | BESIDE).items()}


async def test_every_nested_field_of_50_publications_takes_36_statements_as_of_one(studio: Studio) -> None:
    await open_many(studio)
    query = f"{LIST % '...Everything'} {EVERYTHING}"

    of_one, one = await ask(studio, query, n=1)
    of_many, many = await ask(studio, query, n=MANY)

    assert (of_one, of_many) == (36, 36)
    assert_each_has_its_own([edge["node"] for edge in one["publications"]["edges"]], 1)
    assert_each_has_its_own([edge["node"] for edge in many["publications"]["edges"]], MANY)


async def test_50_nodes_take_as_many_statements_as_one(studio: Studio) -> None:
    ids = await open_many(studio)
    query = f"{NODES % '...Everything'} {EVERYTHING}"

    of_one, one = await ask(studio, query, ids=ids[:1])
    of_many, many = await ask(studio, query, ids=ids)

    assert (of_one, of_many) == (36, 36)
    assert_each_has_its_own(one["nodes"], 1)
    assert_each_has_its_own(many["nodes"], MANY)


def assert_each_has_its_own(found: list[dict[str, Any]], count: int) -> None:
    columns = {field: f"f{number}" for number, field in enumerate(list(FIELDS)[1:])}
    of_all_time, within, *_ = (columns[field] for field in FIELDS if field.startswith("metrics"))
    of_days, *_ = (columns[field] for field in FIELDS if field.startswith("views"))
    owner = columns["owner { username name }"]
    assert [
        (
            publication["name"],
            publication[owner]["username"],
            publication[of_all_time]["totalViews"],
            publication[within]["totalViews"],
            [point["count"] for point in publication[of_days]["points"]],
        )
        for publication in found
    ] == [
        (f"Publication {n}", f"maker-{n}", 4 * views, 2 * views, [views, views])
        for n, views in ((n, n % 3 + 1) for n in range(count))
    ]
