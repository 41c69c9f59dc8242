"""What the demo adds when it starts: the part of it that depends on the moment."""

import asyncio
import shutil
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import connect
from typing import Any, NamedTuple

import httpx
import pytest

from base.time_units import EPOCH
from models import Action
from server.app import create_app
from server.demo.articles import ARTICLES
from server.demo.picture_addresses import point_to_pictures
from server.demo.present import bring_up_to_date
from server.services import close_services
from server.settings import Settings
from tests.server.demo.conftest import END, Demo
from tests.studio import START as NOW
from tests.studio import Clock, services_for

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def opened(sqlite_demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo that was opened at noon."""
    file = tmp_path_factory.mktemp("present") / "demo.sqlite3"
    shutil.copy(sqlite_demo.url.removeprefix("sqlite:///"), file)

    async def play(services: Any) -> None:
        await bring_up_to_date(services, NOW)
        await point_to_pictures(services, "http://127.0.0.1:8123")

    asyncio.run(with_services(file, play))
    return file


async def with_services(file: Path, play: Any) -> Any:
    services = services_for(f"sqlite:///{file}", Clock())
    try:
        return await play(services)
    finally:
        await close_services(services)


class Happened(NamedTuple):
    at: datetime
    action: Action


def events_of(file: Path, *moments: datetime) -> list[Happened]:
    """The events that are there, after the demo was opened at these moments."""

    async def play(services: Any) -> None:
        for moment in moments:
            await bring_up_to_date(services, moment)

    asyncio.run(with_services(file, play))
    with closing(connect(file)) as connection:
        rows = connection.execute("SELECT occurred_at, action FROM events ORDER BY occurred_at, id")
        return [Happened(EPOCH + timedelta(microseconds=at), Action(action)) for at, action in rows]


def another(file: Path, folder: Path) -> Path:
    return Path(shutil.copy(file, folder / "another.sqlite3"))


def test_today_has_activity_up_to_now_and_most_of_it_in_the_last_hour(opened: Path) -> None:
    events = [event for event in events_of(opened) if event.at >= END]

    assert all(event.at <= NOW for event in events)
    assert {event.action for event in events} >= {Action.VIEW, Action.VIEW_3D, Action.INTERACTION}
    by_hour = Counter((NOW - event.at) // HOUR for event in events)
    assert by_hour.most_common(1)[0][0] == 0
    assert by_hour[0] > 50


def test_a_demo_that_is_opened_again_soon_stays_as_it_is(opened: Path, tmp_path: Path) -> None:
    file = another(opened, tmp_path)

    assert events_of(file, NOW + timedelta(minutes=2)) == events_of(opened)


def test_a_demo_that_is_opened_days_later_has_those_days_too(opened: Path, tmp_path: Path) -> None:
    later = NOW + timedelta(days=3)
    before, after = events_of(opened), events_of(another(opened, tmp_path), later)

    assert after[: len(before)] == before
    added = after[len(before) :]
    assert {event.at.date() for event in added} == {(NOW + timedelta(days=days)).date() for days in range(4)}
    assert sum(later - HOUR < event.at <= later for event in added) > 50
    assert max(event.at for event in after) <= later


async def test_pictures_of_assets_come_from_the_demo_itself(opened: Path) -> None:
    with closing(connect(opened)) as connection:
        rows = connection.execute("SELECT url FROM asset_formats WHERE type = 6")
        addresses = sorted(url for (url,) in rows)
    services = services_for(f"sqlite:///{opened}", Clock())
    transport = httpx.ASGITransport(app=create_app(Settings(demo=True), services))
    async with httpx.AsyncClient(transport=transport) as client:
        pictures = [await client.get(address) for address in addresses]
        unknown = await client.get("http://127.0.0.1:8123/demo/cat.svg")
    await close_services(services)

    assert addresses == sorted(f"http://127.0.0.1:8123/demo/{one.slug}.svg" for one in ARTICLES)
    assert {picture.headers["content-type"] for picture in pictures} == {"image/svg+xml"}
    assert len({picture.content for picture in pictures}) == 13
    assert all(picture.text.startswith("<svg ") for picture in pictures)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")
