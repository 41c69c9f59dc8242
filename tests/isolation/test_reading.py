"""Every path to every type, asked for by every kind of viewer: what is another's is not told.

What is one side's has names and ids that stand nowhere else; what is protected within what is public is null.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, NamedTuple

import httpx
import pytest

from resolvers.context import Limits
from server.app import create_app
from server.settings import Settings
from tests.isolation.walk import PROTECTED, Step, Tree, id_arguments, root_fields, tree_of
from tests.isolation.world import CALLERS, MARK, Caller, World

PRIVATE = {"Works", "Furniture", "Lighting", "chair", "lamp", "appointment"}
"""Of which nobody else may know that they are there."""
INSIDE = {
    "chief": {"Works", "Furniture", "Lighting", "chair", "lamp"},
    "admin": {"Works", "Furniture", "Lighting", "chair", "lamp"},
    "admin@Works": {"Works", "Furniture", "Lighting", "chair", "lamp"},
    "admin@Furniture": {"Works", "Furniture", "chair"},
    "chief@Furniture": {"Works", "Furniture", "chair"},
    "member": {"Works", "Furniture", "chair"},
    "member@Works": {"Works", "Furniture", "chair"},
    "member@Furniture": {"Works", "Furniture", "chair"},
    "owner": {"appointment", "publication", "owner"},
    "cocreator": {"appointment", "publication"},
    "stranger": {"appointment"},
}
"""What each may know of, or see the protected fields of."""


class Target(NamedTuple):
    """One of the studio's side, and a way to it. `asked` selects it, with `%s` for what is selected of it."""

    name: str
    type: str
    asked: str


def targets(world: World, *, every_way: bool) -> list[Target]:
    """`every_way`: otherwise one way to each."""
    direct = {
        "publication": ("Publication", 'publication(url: "ai-research-studio")'),
        "owner": ("User", 'user(by: {username: "owner"})'),
        "insight": ("UserInsight", f'userInsight(userId: "{world.ids["owner"]}")'),
        "Works": ("Organization", f'organization(id: "{world.ids["Works"]}")'),
        "Furniture": ("Workspace", f'workspace(id: "{world.ids["Furniture"]}")'),
        "Lighting": ("Workspace", f'workspace(id: "{world.ids["Lighting"]}")'),
        "chair": ("Asset", f'asset(id: "{world.ids["chair"]}")'),
        "lamp": ("Asset", f'asset(id: "{world.ids["lamp"]}")'),
        "appointment": ("Appointment", ""),
        "comment": ("Comment", ""),
        "experience": ("Experience", ""),
    }
    found = [Target(name, type_, f"{root} %s") for name, (type_, root) in direct.items() if root]
    for name, (type_, root) in direct.items():
        if every_way or not root:
            found.append(Target(name, type_, f'node(id: "{world.ids[name]}") {{ ... on {type_} %s }}'))
        if every_way:
            found.append(Target(name, type_, f'nodes(ids: ["{world.ids[name]}"]) {{ ... on {type_} %s }}'))
    return found


LISTS = {"publications": "PublicationConnection", "organizations": "OrganizationConnection", "viewer": "User"}
"""Root fields that name nothing: what they show depends on who asks."""


@pytest.fixture
async def wide(world: World) -> AsyncIterator[World]:
    """Where all paths may be asked for at once."""
    services = replace(
        world.studio.services, limits=Limits(cost=10**9, document_tokens=200_000, query_seconds=120)
    )
    transport = httpx.ASGITransport(app=create_app(Settings(), services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        world.studio = replace(world.studio, services=services, client=client)
        yield world


def marks(world: World, caller: Caller) -> set[str]:
    """What stands in no answer to this caller."""
    hidden = PRIVATE - INSIDE.get(caller.name, set())
    names = {f"{MARK} {name}" for name in hidden & {"chair", "lamp"}}
    return names | {world.ids[name] for name in hidden}


def is_owned(caller: Caller, target: Target) -> bool:
    return target.name in INSIDE.get(caller.name, set())


def test_every_root_field_is_walked() -> None:
    asked = {"publication", "user", "userInsight", "organization", "workspace", "asset", "node", "nodes"}
    assert root_fields() - asked - set(LISTS) <= {"limits", "rateLimit"}


async def test_no_path_leads_to_what_is_anothers(wide: World, engine: str) -> None:
    paths = protected = 0
    shown: set[Step] = set()
    # What the ways have of their own is no SQL: one engine is enough for it.
    for target in targets(wide, every_way=engine == "sqlite"):
        tree = tree_of(target.type)
        for caller in CALLERS:
            answer = await wide.ask(caller, f"{{ found: {target.asked % tree.selection()} }}")
            paths += tree.paths()
            _assert_no_mark(wide, caller, answer.body)
            value = answer.body["data"]["found"]
            values = list(tree.protected(value))
            protected += len(values)
            if target.name in PRIVATE and not is_owned(caller, target):
                assert value in (None, [None]), (caller, target)
            if is_owned(caller, target):
                shown |= {step for step, one in values if one is not None}
            elif target.name not in PRIVATE:
                _assert_own(caller, target, values)
    for name, type_ in LISTS.items():
        tree = tree_of(type_)
        for caller in CALLERS:
            answer = await wide.ask(caller, f"{{ {name} {tree.selection()} }}")
            paths += tree.paths()
            _assert_no_mark(wide, caller, answer.body)

    print(f"{engine}: {paths:,} paths x viewers, {protected:,} protected values, none told to others")  # noqa: T201
    # Else nothing was walked: each protected field is seen by those who may.
    assert {(step.type, step.field) for step in shown} == PROTECTED
    assert paths > 100 * len(CALLERS)


def _assert_no_mark(world: World, caller: Caller, body: Any) -> None:
    told = json.dumps(body.get("data"), ensure_ascii=False)
    assert not {mark for mark in marks(world, caller) if mark in told}, caller


def _assert_own(caller: Caller, target: Target, values: list[tuple[Step, Any]]) -> None:
    """Of what leads elsewhere from something public, only what is the caller's."""
    reached = {
        "owner": {"User", "UserInsight", "Publication"},
        "cocreator": {"User", "Publication"},
        # Who wrote the comment.
        "stranger": {"User"},
    }.get(caller.name, set())
    assert {step.type for step, one in values if one is not None} <= reached, (caller, target)


async def test_what_is_anothers_cannot_be_named_as_an_argument(wide: World) -> None:
    """Rivals ask of what is theirs, and name what is not."""
    asked = {
        ("Organization", "metrics", "workspaceIds"): "Furniture",
        ("Organization", "metrics", "assetIds"): "chair",
        ("Organization", "assets", "workspaceIds"): "Furniture",
        ("Workspace", "metrics", "assetIds"): "chair",
    }
    assert set(id_arguments()) == set(asked)
    rivals = [caller for caller in CALLERS if caller.person == "rival"]
    for (type_, field, argument), name in asked.items():
        own = wide.ids["Rivals" if type_ == "Organization" else "Secrets"]
        tree: Tree = tree_of(type_).below[field]
        range_ = ', range: {start: "2023-06-01", end: "2023-06-30"}' if field == "metrics" else ""
        for caller in rivals:
            for id in (wide.ids[name], wide.ids[name][:-1] + "A"):
                answer = await wide.ask(
                    caller,
                    f'{{ {type_.lower()}(id: "{own}") {{ '
                    f'{field}({argument}: ["{id}"]{range_}) {tree.selection()} }} }}',
                )
                assert {code for code, _ in answer.errors} == {"NOT_FOUND"}, (caller, type_, field)
                _assert_no_mark(wide, caller, answer.body)
