"""What the report of 1,000 assets over a year takes: time and memory, for both formats; of three times, the
slowest. CPU time is that of this program: with SQLite, the database's too.

python -m bench.report --database-url sqlite:///report.sqlite3

The database is new, or one that this filled before. It gets totals, not the events behind them: a report
of whole days is made of totals alone. The last range begins and ends within a month.
"""

import asyncio
import json
import re
import subprocess
import sys
from argparse import ArgumentParser
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from math import sin, tau
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import httpx
from sqlalchemy import insert, text

from auth.tokens import Claims
from base.ids import Kind, global_id
from bench.all_time import all_time_from_months
from database import Database
from models import (
    Action,
    Asset,
    DayTotal,
    Device,
    Membership,
    MonthTotal,
    Organization,
    Role,
    Tenant,
    User,
    Workspace,
)
from server import migrations
from server.app import create_app
from server.services import services_of
from server.serving import tune_interpreter
from server.settings import Settings

ASSETS = 1_000
FIRST_DAY = date(2022, 1, 1)
DAYS = 730
_ROWS = 5_000
_SEED = 5
_ADMIN, _ORGANIZATION = UUID(int=1), UUID(int=2)
_SECRET = "only for measuring, and long enough to sign"  # noqa: S105
_ACTIONS = (Action.VIEW_3D, Action.AR_CLICK, Action.AR_SCAN, Action.INTERACTION, Action.ENGAGED_VIEW)
_DEVICES = (Device.DESKTOP, Device.MOBILE, Device.TABLET)
_WEIGHTS: dict[int, float] = {
    Action.VIEW_3D: 12,
    Action.AR_CLICK: 2,
    Action.AR_SCAN: 0.7,
    Action.INTERACTION: 9,
    Action.ENGAGED_VIEW: 3.5,
}
_SHARES: dict[int, float] = {Device.DESKTOP: 0.9, Device.MOBILE: 1.5, Device.TABLET: 0.3}
_ASK = """query($o: ID!, $start: RangeBound!, $end: RangeBound!, $format: ReportFormat!, $zone: TimeZone) {
  organization(id: $o) { metrics(range: {start: $start, end: $end}, timeZone: $zone) {
    summaryReport(format: $format) { document } } } }"""
_CASES = (
    ("a year, XLSX", "XLSX", "2022-06-01", "2023-05-31"),
    ("a year, CSV", "CSV", "2022-06-01", "2023-05-31"),
    ("a year from mid-month, XLSX", "XLSX", "2022-06-15", "2023-06-14"),
    ("92 days by day, XLSX", "XLSX", "2023-03-01", "2023-05-31"),
)


async def _fill(url: str) -> None:
    await migrations.upgrade(url)
    database = Database(url)
    try:
        async with database.writing() as session:
            if (await session.execute(text("SELECT count(*) FROM assets"))).scalar_one():
                return
            tenant_id, asset_ids = await _catalog(session)
            rows: list[dict[str, Any]] = []
            months: dict[tuple[Any, ...], dict[str, Any]] = {}
            for row in _days(tenant_id, asset_ids):
                rows.append(row)
                _add(months, row)
                if len(rows) == _ROWS:
                    await session.execute(insert(DayTotal), rows)
                    rows = []
            await session.execute(insert(DayTotal), rows)
            await session.execute(insert(MonthTotal), list(months.values()))
            await session.execute(all_time_from_months())
        async with database.engine.connect() as connection:
            await connection.exec_driver_sql("ANALYZE")
            await connection.commit()
    finally:
        await database.close()


def _add(months: dict[tuple[Any, ...], dict[str, Any]], row: dict[str, Any]) -> None:
    month = row["day"].replace(day=1)
    key = (row["subject_id"], row["action"], month, row["device"])
    if key in months:
        months[key]["count"] += row["count"]
    else:
        total = {name: value for name, value in row.items() if name != "day"}
        months[key] = {**total, "month": month}


async def _catalog(session: Any) -> tuple[int, list[int]]:
    made = datetime(2021, 12, 1, tzinfo=UTC)
    tenant = Tenant()
    session.add(tenant)
    await session.flush()
    admin = User(
        public_id=_ADMIN, tenant_id=tenant.id, email="admin@bench.test", username="admin", created_at=made
    )
    organization = Organization(
        public_id=_ORGANIZATION, tenant_id=tenant.id, name="Northlight Furniture", created_at=made
    )
    session.add_all([admin, organization])
    await session.flush()
    workspaces = [
        Workspace(public_id=UUID(int=10 + n), organization_id=organization.id, name=name, created_at=made)
        for n, name in enumerate(("Chairs", "Tables", "Lighting", "Storage"))
    ]
    session.add_all(workspaces)
    session.add(
        Membership(organization_id=organization.id, user_id=admin.id, role=int(Role.ADMIN), created_at=made)
    )
    await session.flush()
    assets = [
        Asset(
            public_id=UUID(int=100 + n),
            organization_id=organization.id,
            workspace_id=workspaces[n % len(workspaces)].id,
            name=f"{_KINDS[n % len(_KINDS)]} {_WOODS[n // len(_KINDS) % len(_WOODS)]} {n}",
            created_at=made,
        )
        for n in range(ASSETS)
    ]
    session.add_all(assets)
    await session.flush()
    return tenant.id, [asset.id for asset in assets]


_KINDS = ("Lounge chair", "Dining table", "Floor lamp", "Bookshelf", "Sofa", "Desk", "Pendant", "Sideboard")
_WOODS = ("oak", "walnut", "ash", "beech", "steel", "linen", "leather")


def _days(tenant_id: int, asset_ids: list[int]) -> Iterator[dict[str, Any]]:
    """A third of all assets, days, devices and actions; few assets have most of the views, and there are
    more before the end of a year."""
    random = Random(_SEED)  # noqa: S311
    for place, asset_id in enumerate(asset_ids):
        most = 1 + 400 / (place + 4)
        for number in range(DAYS):
            day = FIRST_DAY + timedelta(days=number)
            season = 1 + 0.4 * sin(tau * (number - 230) / 365)
            for device in _DEVICES:
                for action in _ACTIONS:
                    if random.random() < 0.33:
                        yield {
                            "tenant_id": tenant_id,
                            "subject_id": asset_id,
                            "action": int(action),
                            "day": day,
                            "device": int(device),
                            "domain_id": 0,
                            "count": 1
                            + int(random.random() * most * season * _WEIGHTS[action] * _SHARES[device]),
                        }


async def _measure(url: str, place: int) -> dict[str, Any]:
    """In a process of its own, so that the memory is that of one report, with the program around it."""
    _, format, start, end = _CASES[place]
    settings = Settings(database_url=url, secret=_SECRET)  # type: ignore[arg-type]
    services = services_of(settings)
    token = services.signer.issue(Claims(_ADMIN), services.clock()).text
    transport = httpx.ASGITransport(app=create_app(settings, services))
    tune_interpreter()
    seconds, cpu, longest_pause = [], [], 0.0
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            for _ in range(3):
                pauses = asyncio.create_task(_pauses())
                began, used = perf_counter(), process_time()
                response = await client.post(
                    "/graphql",
                    json={
                        "query": _ASK,
                        "variables": {
                            "o": global_id(Kind.ORGANIZATION, _ORGANIZATION),
                            "start": start,
                            "end": end,
                            "format": format,
                        },
                    },
                    headers={"authorization": f"Bearer {token}"},
                )
                seconds.append(perf_counter() - began)
                cpu.append(process_time() - used)
                pauses.cancel()
                longest_pause = max(longest_pause, *_PAUSES)
    finally:
        await services.database.close()
    report = response.json()["data"]["organization"]["metrics"]["summaryReport"]
    return {
        "seconds": max(seconds),
        "cpu": max(cpu),
        "pause": longest_pause,
        "megabytes": _peak(),
        "kilobytes": len(b64decode(report["document"])) / 1000,
    }


def _peak() -> float:
    """In MB. Of this program alone: `ru_maxrss` would have the one that started it, too."""
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, flags=re.MULTILINE)
    return int(kilobytes) / 1024


_PAUSES = [0.0]


async def _pauses() -> None:
    """How long the event loop was held up, each time."""
    while True:
        began = perf_counter()
        await asyncio.sleep(0.001)
        _PAUSES.append(perf_counter() - began - 0.001)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", required=True, help="a new database, or one that this filled")
    parser.add_argument("--case", type=int, help="measures this one here, and prints it as JSON")
    given = parser.parse_args()
    if given.case is not None:
        print(json.dumps(asyncio.run(_measure(given.database_url, given.case))))
        return
    asyncio.run(_fill(given.database_url))
    print(f"{'report of 1,000 assets':28}  seconds    CPU s  longest pause  peak MB  file KB")
    for place, (name, *_) in enumerate(_CASES):
        command = [sys.executable, "-m", "bench.report", "--database-url", given.database_url]
        done = subprocess.run(  # noqa: S603
            [*command, "--case", str(place)], check=True, capture_output=True, text=True
        )
        found = json.loads(done.stdout)
        print(
            f"{name:28}  {found['seconds']:7.2f}  {found['cpu']:7.2f}  {found['pause']:13.3f}  "
            f"{found['megabytes']:7.0f}  {found['kilobytes']:7.0f}"
        )


if __name__ == "__main__":
    main()
