"""Asset metrics against an oracle in plain Python, over events, ranges and questions drawn at random."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlmodel import col

from base.ids import parse_global_id
from ingest.folding import fold
from models import Organization, Tenant
from tests.draws import scaled
from tests.graph.asset_oracle import (
    DAY,
    DEVICES,
    HOUR,
    RANKINGS,
    VIEWS,
    Bound,
    Happened,
    Question,
    Ranked,
    Series,
    World,
    answer,
    shown,
)
from tests.studio import Clock, Studio

EXAMPLES = scaled(6)
ZONES = [
    "UTC",
    "Africa/Casablanca",
    "America/Havana",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]
# Where clocks change, and years, weeks of years, months and days of some zones end.
EDGES = [
    "2006-10-29T02:31",
    "2011-12-30T10:00",
    "2018-02-18T02:00",
    "2018-11-04T03:00",
    "2018-12-31T00:00",
    "2021-01-03T12:00",
    "2022-01-01T00:00",
    "2022-12-31T18:30",
    "2023-03-12T07:00",
    "2023-03-19T02:00",
    "2023-04-01T15:00",
    "2023-04-23T02:00",
    "2023-06-03T18:15",
    "2023-09-30T15:30",
    "2023-11-05T05:00",
    "2023-11-05T06:00",
    "2024-02-29T00:00",
    "2024-03-01T00:00",
    "2024-12-30T00:00",
    "2027-01-03T12:00",
]
NOW = datetime(2027, 1, 20, 12, tzinfo=UTC)
ACTIONS = ["VIEW_3D", "AR_CLICK", "AR_SCAN", "INTERACTION", "ENGAGED_VIEW"]
DOMAINS = [None, "a.example", "b.example"]
EPOCH = datetime(1970, 1, 2, tzinfo=UTC)

little = st.sampled_from(
    [timedelta(0), timedelta(microseconds=-1), timedelta(microseconds=1), timedelta(milliseconds=500)]
)
shifts = st.one_of(
    st.just(timedelta(0)),
    st.integers(-60, 60).map(lambda halves: halves * HOUR / 2),
    st.timedeltas(-3 * DAY, 3 * DAY),
    st.timedeltas(-40 * DAY, 40 * DAY),
    st.timedeltas(-400 * DAY, 400 * DAY),
)


def near(edge: datetime) -> st.SearchStrategy[datetime]:
    return st.builds(lambda shift, jitter: min(edge + shift + jitter, NOW), shifts, little)


def subset_of(items: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...] | None]:
    """Null is all."""
    return st.none() | st.lists(st.sampled_from(items), max_size=4).map(tuple) if items else st.none()


def happened(edge: datetime, assets: int) -> st.SearchStrategy[Happened]:
    """Few ids, so that some come twice; few instants and views, so that some are shared."""
    return st.builds(
        Happened,
        st.integers(1, 50).map(lambda number: UUID(int=number)),
        st.integers(0, assets - 1),
        st.sampled_from(["VIEW_3D", "VIEW_3D", "AR_CLICK", "AR_SCAN", "INTERACTION", "INTERACTION"]),
        near(edge),
        st.sampled_from(DEVICES),
        st.sampled_from(DOMAINS),
        st.none() | st.integers(101, 104).map(lambda number: UUID(int=number)),
        st.sampled_from([None, "ann", "bob", "eve", "@member", "@owner"]),
    )


def bounds(edge: datetime, zone: str) -> st.SearchStrategy[Bound]:
    instants = near(edge)
    there = instants.map(lambda at: shown(at, zone))
    return st.one_of(
        there.map(lambda local: Bound(local.date())),
        # Half an hour on, the clocks may show nothing of the kind, or show it twice.
        st.builds(lambda local, halves: Bound(local + halves * HOUR / 2), there, st.integers(-2, 2)),
        st.builds(Bound, instants, st.sampled_from([0, 345, -210, 840, -720, 1])),
    )


@st.composite
def series(draw: st.DrawFn, is_short: bool) -> Series:
    view_type = draw(st.sampled_from(list(VIEWS)))
    named = st.lists(st.sampled_from(list(VIEWS[view_type])), min_size=1, max_size=3).map(tuple)
    actions = draw(st.none() | named)
    if draw(st.integers(0, 2)) == 0:
        view_type, actions = "", (draw(st.sampled_from(ACTIONS)),)
    interval = draw(
        st.sampled_from(["HOUR", "DAY", "WEEK", "MONTH"] if is_short else ["DAY", "WEEK", "MONTH"])
    )
    # Hours of all groups would be more points than an operation may have.
    dimensions = ["DEVICE", "WORKSPACE"] + ["DOMAIN", "ASSET"] * (interval != "HOUR")
    groups = st.lists(st.sampled_from(dimensions), max_size=4).map(tuple)
    return Series(
        view_type,
        actions,
        interval,
        draw(st.none() | groups),
        draw(st.booleans()),
        draw(st.sampled_from(["MONDAY", "SUNDAY"])),
    )


@st.composite
def question(draw: st.DrawFn, edge: datetime, workspace_of: tuple[int, ...]) -> Question:
    zone = draw(st.none() | st.sampled_from(ZONES))
    ends = [draw(bounds(edge, zone or "UTC")) for _ in range(2)]
    start, end = sorted(ends, key=lambda bound: bound.text[:10])
    is_short = abs(date.fromisoformat(end.text[:10]) - date.fromisoformat(start.text[:10])) <= 4 * DAY
    kind = draw(st.sampled_from(["organization", "organization", "workspace", "asset"]))
    assets = list(range(len(workspace_of)))
    scope, workspaces, named = kind, None, None
    if kind == "organization":
        workspaces = draw(subset_of(sorted(set(workspace_of))))
        named = draw(subset_of(assets))
    elif kind == "workspace":
        number = draw(st.sampled_from(workspace_of))
        scope = f"workspace {number}"
        named = draw(subset_of([asset for asset in assets if workspace_of[asset] == number]))
    else:
        scope = f"asset {draw(st.sampled_from(assets))}"
    ranked = st.builds(Ranked, st.integers(0, 4), st.sampled_from(list(RANKINGS)))
    return Question(
        scope,
        workspaces,
        named,
        start,
        end,
        zone,
        draw(st.sampled_from([None, None, "a.example", "c.example"])),
        tuple(draw(st.lists(series(is_short), min_size=1, max_size=3))),
        tuple(draw(st.lists(ranked, min_size=1, max_size=3))),
    )


class Case(NamedTuple):
    world: World
    questions: tuple[Question, ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    edge = datetime.fromisoformat(draw(st.sampled_from(EDGES))).replace(tzinfo=UTC)
    workspace_of = tuple(draw(st.lists(st.integers(0, 1), min_size=1, max_size=4)))
    events = draw(st.lists(happened(edge, len(workspace_of)), max_size=40))
    cut = draw(st.integers(0, len(events)))
    batches = tuple(tuple(batch) for batch in (events[:cut], events[cut:]) if batch)
    # Nothing has happened yet that happens later.
    last = max([edge, *(event.at for event in events)])
    now = min(last + draw(st.timedeltas(timedelta(0), 2 * DAY)), NOW) if draw(st.booleans()) else NOW
    # Days that are over are folded, or some of them.
    folded = draw(st.none() | near(edge).map(lambda at: min(at.date(), now.date())))
    world = World(draw(st.sampled_from(ZONES)), workspace_of, batches, now, folded)
    asked = st.lists(question(edge, workspace_of), min_size=1, max_size=4)
    return Case(world, tuple(draw(asked)))


# The door


class Ids(NamedTuple):
    organization: str
    workspaces: list[str]
    assets: list[str]

    def of(self, scope: str) -> str:
        kind, _, number = scope.partition(" ")
        known = {"workspace": self.workspaces, "asset": self.assets}
        return known[kind][int(number)] if number else self.organization


async def mutate(studio: Studio, fields: Sequence[str]) -> list[Any]:
    """Each by an alias of its own."""
    text = " ".join(f"m{number}: {field}" for number, field in enumerate(fields))
    found = (await studio.ask(f"mutation {{ {text} }}", "admin")).data
    return [found[f"m{number}"] for number in range(len(fields))]


async def made(studio: Studio, world: World) -> Ids:
    """An organization of the world's own."""
    (created,) = await mutate(studio, ['createOrganization(input: {name: "World"}) { organization { id } }'])
    organization = created["organization"]["id"]
    async with studio.services.database.writing() as session:
        _, public_id = parse_global_id(organization)
        tenant = select(col(Organization.tenant_id)).where(col(Organization.public_id) == public_id)
        await session.execute(
            update(Tenant).where(col(Tenant.id) == tenant.scalar_subquery()).values(time_zone=world.zone)
        )
    workspaces = await mutate(
        studio,
        [
            f'createWorkspace(input: {{organizationId: "{organization}", name: "workspace {number}"}}) '
            "{ workspace { id } }"
            for number in (0, 1)
        ],
    )
    in_workspace = [one["workspace"]["id"] for one in workspaces]
    assets = await mutate(
        studio,
        [
            f'createAsset(input: {{workspaceId: "{in_workspace[workspace]}", name: "asset {number}"}}) '
            "{ asset { id } }"
            for number, workspace in enumerate(world.workspace_of)
        ],
    )
    return Ids(organization, in_workspace, [one["asset"]["id"] for one in assets])


async def report(studio: Studio, world: World, ids: Ids) -> None:
    stored = 0
    for batch in world.batches:
        answered = await studio.ask(
            "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored duplicates } }",
            "admin",
            events=[told(studio, event, ids) for event in batch],
        )
        counts = answered.data["recordEvents"]
        assert counts["stored"] + counts["duplicates"] == len(batch)
        stored += counts["stored"]
        if world.folded:
            tenant_id = await tenant_of(studio, ids.organization)
            await fold(studio.services.database, tenant_id, studio.clock, world.folded)
    assert stored == len(world.events)


async def tenant_of(studio: Studio, organization: str) -> int:
    _, public_id = parse_global_id(organization)
    async with studio.services.database.snapshot() as connection:
        found = await connection.scalar(
            select(col(Organization.tenant_id)).where(col(Organization.public_id) == public_id)
        )
    assert found
    return found


def told(studio: Studio, event: Happened, ids: Ids) -> dict[str, Any]:
    signed_in = event.who is not None and event.who.startswith("@")
    return {
        "id": str(event.id),
        "subject": {"assetId": ids.assets[event.asset]},
        "action": event.action,
        "occurredAt": event.at.isoformat(),
        "deviceCategory": event.device,
        "domain": event.domain,
        "viewId": str(event.view) if event.view else None,
        "userId": studio.people[event.who[1:]].id if event.who and signed_in else None,
        "visitor": None if signed_in else event.who,
    }


FIGURES = "total3DViews totalARViews userEngagement avgNumberInteractions"
RANKED = f"rank asset {{ name }} {FIGURES}"
POINT = """dateInterval start end isPartial isRunning deviceCategory domain asset { name } workspace { name }
           count"""


def asked(question: Question, ids: Ids) -> str:
    """The field of the scope, with everything that it has to say."""
    kind = question.scope.partition(" ")[0]
    given = [f"range: {{start: {json.dumps(question.start.text)}, end: {json.dumps(question.end.text)}}}"]
    given += [f"timeZone: {json.dumps(question.zone)}", f"domain: {json.dumps(question.domain)}"]
    if kind != "asset":
        given.append(f"assetIds: {listed(question.assets, ids.assets)}")
    if kind == "organization":
        given.append(f"workspaceIds: {listed(question.workspaces, ids.workspaces)}")
    fields = [f"range {{ start end }} {FIGURES} mostViewedAsset {{ {RANKED} }}"]
    fields += ["uniqueVisitors { estimate lower upper signedIn }"]
    fields += [
        f"top{number}: topAssets(first: {one.first}, orderBy: {one.by}) {{ {RANKED} }}"
        for number, one in enumerate(question.ranked)
    ]
    fields += [f"series{number}: {series_field(one)}" for number, one in enumerate(question.series)]
    all_of_it = " ".join(fields)
    return (
        f'{kind}(id: "{ids.of(question.scope)}") {{ metrics({", ".join(given)}) '
        f"{{ {all_of_it} previous {{ {all_of_it} }} previousOfEqualLength {{ {all_of_it} }} }} }}"
    )


def listed(numbers: tuple[int, ...] | None, ids: list[str]) -> str:
    return "null" if numbers is None else json.dumps([ids[number] for number in numbers])


def series_field(series: Series) -> str:
    def names(given: tuple[str, ...] | None) -> str:
        return "null" if given is None else f"[{', '.join(given)}]"

    alike = (
        f"interval: {series.interval}, groupBy: {names(series.groups)}, "
        f"zeroFill: {json.dumps(series.zero_fill)}, weekStart: {series.week_start}"
    )
    if not series.view_type:
        (action,) = series.actions or ()
        shown_too = f"interval count takenBack points {{ {POINT} takenBack }}"
        return f"actions(action: {action}, {alike}) {{ {shown_too} }}"
    return (
        f"views(viewType: {series.view_type}, actionTypes: {names(series.actions)}, {alike}) "
        f"{{ viewType interval count points {{ {POINT} }} }}"
    )


def read(value: Any) -> Any:
    """With instants as such."""
    if isinstance(value, list):
        return [read(item) for item in value]
    if isinstance(value, dict):
        return {
            name: datetime.fromisoformat(inner) if name in ("start", "end") else read(inner)
            for name, inner in value.items()
        }
    return value


def every_way(zone: str, start: Bound, end: Bound) -> tuple[Question, ...]:
    """One range as days, weeks and months, with and without zeros, whole and by all groups."""
    ranked = tuple(Ranked(3, by) for by in RANKINGS)
    return tuple(
        Question("organization", None, None, start, end, zone, None, told, ranked)
        for told in (
            tuple(
                Series(view_type, None, interval, groups, zero_fill, week_start)
                for view_type in VIEWS
                for interval, week_start in (
                    *([("HOUR", "MONDAY")] if groups is None else []),
                    ("DAY", "MONDAY"),
                    ("WEEK", "MONDAY"),
                    ("WEEK", "SUNDAY"),
                    ("MONTH", "SUNDAY"),
                )
            )
            for groups in (None, ("ASSET", "DEVICE", "DOMAIN", "WORKSPACE"))
            for zero_fill in (False, True)
        )
    )


def an_hour_apart(zone: str, first: datetime, hours: int) -> World:
    """Something every hour, of all kinds. Each view has an interaction before the one that came first, and
    another at the same instant, which comes last and counts by its smaller id.
    """
    actions = ["VIEW_3D", "AR_CLICK", "INTERACTION", "AR_SCAN", "INTERACTION", "VIEW_3D"]
    people = [None, "ann", "@member", "bob", "@owner"]
    events = tuple(
        Happened(
            UUID(int=1000 - hour),
            hour % 3,
            actions[hour % 6],
            first + hour * HOUR,
            DEVICES[hour % 4],
            DOMAINS[hour % 3],
            UUID(int=2000 + hour // 12),
            people[hour % 5],
        )
        for hour in range(hours)
    )
    at_once = tuple(
        event._replace(id=UUID(int=1 + number), asset=(event.asset + 1) % 3, domain=None, device=None)
        for number, event in enumerate(events[2::12])
    )
    return World(zone, (0, 1, 0), (events[::-2], events[::2], at_once), NOW, (first + 3 * DAY).date())


def through(zone: str, reporting: str, first: str, last: str) -> Case:
    """Every hour of some days, and two more at each end, asked in every way."""
    start, end = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first, last))
    world = an_hour_apart(reporting, start - 2 * DAY, (end - start) // HOUR + 96)
    return Case(world, every_way(zone, Bound(start.date()), Bound(end.date())))


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    # Every example has an organization of its own in the one database of the test.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cases())
@example(through("America/New_York", "UTC", "2023-03-11", "2023-03-13"))
@example(through("Asia/Kathmandu", "America/New_York", "2023-11-04", "2023-11-06"))
@example(through("Australia/Lord_Howe", "Australia/Lord_Howe", "2023-04-01", "2023-04-03"))
@example(through("Pacific/Apia", "Pacific/Apia", "2011-12-28", "2012-01-02"))
@example(through("UTC", "Africa/Casablanca", "2020-12-30", "2021-01-04"))
@example(through("Africa/Casablanca", "UTC", "2024-02-28", "2024-03-01"))
async def test_metrics_are_what_the_oracle_says(studio: Studio, clock: Clock, case: Case) -> None:
    clock.now = NOW
    ids = await made(studio, case.world)
    await report(studio, case.world, ids)
    clock.now = case.world.now
    for question in case.questions:
        expected = answer(case.world, question)

        answered = await studio.ask(f"{{ {asked(question, ids)} }}", "admin")

        if expected is None:
            assert answered.extensions == {
                "code": "BAD_USER_INPUT",
                "argument": "range",
                "reason": "INVALID_RANGE",
            }
        else:
            (scope,) = answered.data.values()
            assert read(scope["metrics"]) == expected
