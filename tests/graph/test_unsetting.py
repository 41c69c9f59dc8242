"""Updates: null clears what may be null, what is left out stays, and nothing else changes.

Every input of the schema is held to it, so a new one has to stand in one of the tables below.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import (
    GraphQLInputObjectType,
    GraphQLNonNull,
    get_named_type,
    is_input_object_type,
    is_required_input_field,
)
from sqlmodel import SQLModel
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graph.schema import schema
from tests.studio import Studio


class Field(NamedTuple):
    first: Any
    second: Any
    place: str
    """The table and how the names of the columns begin that go with it."""
    is_nullable: bool = False


def _file(number: int) -> list[dict[str, Any]]:
    return [{"type": "GLB", "url": f"https://files.example/{number}.glb", "sizeBytes": number}]


def _work(number: int) -> list[dict[str, Any]]:
    return [{"itemId": str(number), "sourceType": "YOUTUBE", "isIndividualWork": True, "inAppPlays": number}]


UPDATES: dict[str, dict[str, Field]] = {
    "UpdatePublicationInput": {
        "name": Field("One", "Two", "publications.name"),
        "customUrl": Field("one-studio", "two-studio", "publications.custom_url"),
        "allowBookings": Field(False, True, "publications.allow_bookings"),
        "sharedFigures": Field(["TOTAL_VIEWS"], ["TOTAL_LIKES"], "publications.shared_figures"),
    },
    "UpdateAssetInput": {
        "name": Field("One", "Two", "assets.name"),
        "formats": Field(_file(1), _file(2), "asset_formats."),
        "domains": Field(["one.example"], ["two.example"], "asset_domains."),
    },
    "UpdateViewerInput": {
        "name": Field("One", "Two", "users.name", is_nullable=True),
        "username": Field("first", "second", "users.username"),
    },
    "UserInsightInput": {
        "hasAbout": Field(False, True, "user_insights.has_about"),
        "numberOfRoles": Field(1, 2, "user_insights.number_of_roles"),
        "numberOfActs": Field(1, 2, "user_insights.number_of_acts"),
        "profileViews": Field(1, 2, "user_insights.profile_views"),
        "profileSearches": Field(1, 2, "user_insights.profile_searches"),
        "connects": Field(1, 2, "user_insights.connects"),
        "facebookPageId": Field(1, 2, "user_insights.facebook_page_", is_nullable=True),
        # A handle like any other.
        "twitterHandle": Field("None", "two", "user_insights.twitter_", is_nullable=True),
        "instagramHandle": Field("None", "two", "user_insights.instagram_", is_nullable=True),
        "works": Field(_work(1), _work(2), "works."),
    },
}
MADE_ANEW = {
    "AddMemberInput",
    "AssetFormatInput",
    "CreateAssetInput",
    "DeleteAccountInput",
    "EventInput",
    "InviteMemberInput",
    "SignUpInput",
}
"""Each makes something new as a whole, so null means the same as left out."""
MUTATIONS = {
    "UpdatePublicationInput": "updatePublication",
    "UpdateAssetInput": "updateAsset",
    "UpdateViewerInput": "updateViewer",
    "UserInsightInput": "updateUserInsight",
}


def _inputs() -> Iterator[GraphQLInputObjectType]:
    """All that mutations take, with fields that may be left out and do not say what is meant then."""
    for type_ in schema._schema.type_map.values():
        if is_input_object_type(type_) and not _definition(type_).is_one_of and _changeable(type_):
            yield type_


def _definition(type_: GraphQLInputObjectType) -> Any:
    return type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]


def _changeable(type_: GraphQLInputObjectType) -> set[str]:
    return {name for name, field in type_.fields.items() if not isinstance(field.type, GraphQLNonNull)}


def test_every_input_with_fields_that_may_be_null_says_what_null_means() -> None:
    mutations = schema._schema.mutation_type
    assert mutations

    assert {type_.name for type_ in _inputs()} == UPDATES.keys() | MADE_ANEW
    for type_ in _inputs():
        if type_.name in UPDATES:
            assert UPDATES[type_.name].keys() == _changeable(type_)
            assert {name for name, field in type_.fields.items() if is_required_input_field(field)} <= {"id"}
    updating = {
        name: get_named_type(argument.type).name
        for name, field in mutations.fields.items()
        for argument in field.args.values()
        if name.startswith("update")
    }
    assert updating == {name: input for input, name in MUTATIONS.items()}
    bare = {
        f"{name}.{of}"
        for name, field in mutations.fields.items()
        for of, argument in field.args.items()
        if not isinstance(argument.type, GraphQLNonNull)
    }
    # Nothing is unset by them: who has no password gives none.
    assert bare == {"confirmEmail.password", "linkIdentity.password", "unlinkIdentity.issuer"}


class Row(NamedTuple):
    table: str
    values: dict[str, Any]


async def _rows(studio: Studio) -> list[Row]:
    """Of all tables. The revision of a publication rises with each change by its makers, and what it was
    called in addresses is kept from others.
    """
    found: list[Row] = []
    async with studio.services.database.engine.connect() as connection:
        await connection.execution_options(is_snapshot=True)
        for table in SQLModel.metadata.sorted_tables:
            if table.name == "former_urls":
                continue
            for row in await connection.execute(table.select().order_by(*table.primary_key.columns)):
                values = {name: value for name, value in row._mapping.items() if name != "revision"}
                found.append(Row(table.name, values))
    return found


def _changed(before: list[Row], after: list[Row]) -> dict[str, Any]:
    """By table and column: what it is now. Updates of these tests leave as many rows as there were, except
    that the audit trail tells of some, and only grows.
    """
    told, before = _parted(before)
    still_told, after = _parted(after)
    assert still_told[: len(told)] == told
    assert [row.table for row in before] == [row.table for row in after]
    return {
        f"{now.table}.{column}": value
        for was, now in zip(before, after, strict=True)
        for column, value in now.values.items()
        if value != was.values[column]
    }


def _parted(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """The audit trail, and all others."""
    trail = [row for row in rows if row.table == "audit_entries"]
    return trail, [row for row in rows if row.table != "audit_entries"]


async def _given(studio: Studio, input: str, id: dict[str, str], by: str, **fields: Any) -> Any:
    mutation = MUTATIONS[input]
    asked = f"mutation($input: {input}!) {{ {mutation}(input: $input) {{ __typename }} }}"
    return await studio.ask(asked, by, input={**id, **fields})


def _column(field: Field, name: str) -> str:
    column = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return f"{field.place.partition('.')[0]}.{column}"


async def _assert_of_one(
    studio: Studio, input: str, name: str, id: dict[str, str], by: str, before: list[Row]
) -> list[Row]:
    """Returns the rows as they are in the end."""
    field = UPDATES[input][name]
    answer = await _given(studio, input, id, by, **{name: None})
    after = await _rows(studio)
    if field.is_nullable:
        changed = _changed(before, after)
        assert (answer.errors, changed[_column(field, name)]) == ([], None), name
        assert {place for place in changed if not place.startswith(field.place)} == set(), name
    else:
        expected = {"code": "BAD_USER_INPUT", "argument": name, "reason": "NULL"}
        assert (answer.extensions, after) == (expected, before), name
    assert (await _given(studio, input, id, by, **{name: field.second})).errors == []
    last = await _rows(studio)
    changed = _changed(before, last)
    assert changed, name
    assert {place for place in changed if not place.startswith(field.place)} == set(), name
    return last


async def test_null_clears_what_may_be_null_and_what_is_left_out_stays(studio: Studio) -> None:
    await studio.ask("mutation { createUserInsight(input: {}) { userInsight { id } } }", "owner")
    ids = {"UpdatePublicationInput": studio.publication, "UpdateAssetInput": await studio.add_asset("Chair")}

    for input, fields in UPDATES.items():
        by = "admin" if input == "UpdateAssetInput" else "owner"
        id = {"id": ids[input]} if input in ids else {}
        whole = {name: field.first for name, field in fields.items()}
        assert (await _given(studio, input, id, by, **whole)).errors == []
        before = await _rows(studio)
        assert (await _given(studio, input, id, by)).errors == []
        assert await _rows(studio) == before, input
        for name in fields:
            before = await _assert_of_one(studio, input, name, id, by, before)


async def test_what_a_network_has_told_of_an_account_goes_with_it(studio: Studio) -> None:
    told = {"facebookPageId": 4546477, "twitterHandle": "None", "instagramHandle": "none"}
    counts = "twitterFollowersCount facebookPageFollowersCount instagramFollowersCount"
    made = "mutation($input: UserInsightInput!) { createUserInsight(input: $input) { userInsight { id } } }"
    assert (await studio.ask(made, "owner", input=told)).errors == []
    async with studio.services.database.writing() as session:
        connection = await session.connection()
        accounts = ("twitter", "facebook_page", "instagram")
        counted = ", ".join(f"{account}_followers_count = 7" for account in accounts)
        await connection.exec_driver_sql(f"UPDATE user_insights SET {counted}")  # noqa: S608

    asked = (
        f"mutation($i: UserInsightInput!) {{ updateUserInsight(input: $i) {{ userInsight {{ {counts} }} }} }}"
    )
    for name in told:
        answer = await studio.ask(asked, "owner", i={name: None})

    assert answer.data["updateUserInsight"]["userInsight"] == dict.fromkeys(counts.split())


async def test_a_variable_that_is_not_given_is_left_out_and_null_is_null(studio: Studio) -> None:
    asked = "mutation($name: String) { updateViewer(input: {name: $name}) { user { name } } }"

    names = [
        (await studio.ask(asked, "owner", **given)).data["updateViewer"]["user"]["name"]
        for given in ({}, {"name": " Ada "}, {}, {"name": None}, {})
    ]

    assert names == ["Owner", "Ada", "Ada", None, None]
    shown = await studio.ask('{ user(by: {username: "owner"}) { name } }')
    assert shown.data == {"user": {"name": None}}
