"""How SQLite finds events at the edges of another zone's days: without statistics, as in a new file."""

import sqlite3

import pytest

from tests.studio import Studio

RANGE = 'range: {start: "2022-11-28", end: "2023-06-15"}, timeZone: "Europe/Berlin"'
FIGURES = "total3DViews totalARViews userEngagement uniqueVisitors { estimate }"
SERIES = "views(viewType: VIEW_3D, interval: %s, groupBy: [%s]) { points { count } }"
OF_ASSETS = [
    FIGURES,
    "topAssets(first: 3) { rank }",
    *(
        SERIES % (interval, group)
        for interval in ("DAY", "WEEK", "MONTH")
        for group in ("", "DEVICE", "DOMAIN", "ASSET", "WORKSPACE")
    ),
]
OF_PUBLICATION = [
    f"metrics({RANGE}) {{ totalViews totalLikes uniqueVisitors {{ estimate }} }}",
    *(
        f"{views}{RANGE}, interval: {interval}) {{ points {{ count }} }}"
        for views in ("views(", "actions(action: LIKE, ")
        for interval in ("DAY", "WEEK", "MONTH")
    ),
]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_events_are_sought_by_their_subjects(studio: Studio) -> None:
    for name in ("Chair", "Lamp"):
        await studio.add_asset(name)
    asked = [
        *((f"{{ metrics({RANGE}) {{ {fields} }} }}", "Organization", "admin") for fields in OF_ASSETS),
        *((f"{{ {fields} }}", "Publication", "owner") for fields in OF_PUBLICATION),
    ]
    read = set()
    for fields, type_, caller in asked:
        id = studio.organization if type_ == "Organization" else studio.publication
        with studio.statements() as statements:
            answer = await studio.ask(f'{{ node(id: "{id}") {{ ... on {type_} {fields} }} }}', caller)
        assert "errors" not in answer.body, fields
        read |= {text for text in statements if " events" in text}

    assert len(read) > len(asked) / 2
    file = studio.services.database.url.database or ""
    with sqlite3.connect(file) as connection:
        for text in read:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?"))
            steps = [detail for *_, detail in plan if " events " in f"{detail} "]
            assert steps
            by_tenant = [step for step in steps if "subject_id=?" not in step and "visitor=?" not in step]
            assert not by_tenant, text
    connection.close()
