"""Rules of time zones: those of tzdata alone, whatever the operating system has."""

import json
import subprocess
import sys
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from base.calendar import DateInterval, bucket_key, day_of, start_of_day
from base.zones import RULES_VERSION, Rules, is_fixed, rules_of, time_zone
from tests.clocks import OLDER, older_rules, write_package, write_zones
from tests.server.program import ROOT, environment

CASES = json.loads((ROOT / "tests" / "cases" / "zones.json").read_text())
DAY = timedelta(days=1)


def found(case: dict[str, Any]) -> dict[str, Any]:
    """What our calendar says of it."""
    zone = time_zone(case["zone"])
    if "localDay" in case:
        first = date.fromisoformat(case["localDay"])
        lasts = start_of_day(first + DAY, zone) - start_of_day(first, zone)
        return {"hours": lasts / timedelta(hours=1)}
    instant = datetime.fromisoformat(case["instant"])
    day = day_of(instant, zone)
    return {
        "day": bucket_key(day, DateInterval.DAY),
        "dayStart": start_of_day(day, zone).isoformat().replace("+00:00", "Z"),
        "offset": instant.astimezone(zone).isoformat()[-6:],
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["zone"])
def test_the_cases_come_out_right(case: dict[str, Any]) -> None:
    given = {"zone", "source", "instant", "localDay"}
    right = {name: value for name, value in case.items() if name not in given}

    assert right
    assert {name: value for name, value in found(case).items() if name in right} == right


def test_every_zone_has_the_rules_of_tzdata() -> None:
    package = files("tzdata")
    names = package.joinpath("zones").read_text("utf-8").split()

    assert [rules_of(name).file for name in names] == [
        package.joinpath("zoneinfo", *name.split("/")).read_bytes() for name in names
    ]
    assert [rules_of(name).name for name in names] == names
    assert len({rules_of(name).key for name in names}) == len(names)
    assert all(len(rules_of(name).key) <= 100 for name in names)


def test_rules_that_were_remembered_are_those_of_their_zone() -> None:
    older = older_rules("America/Vancouver")
    again = Rules(older.key, bytes(bytearray(older.file)))
    night = datetime.fromisoformat("2026-11-27T07:30:00Z")

    assert again.zone is older.zone
    assert older.zone.key == "America/Vancouver"
    assert day_of(night, older.zone) == date(2026, 11, 26)
    assert day_of(night, time_zone("America/Vancouver")) == date(2026, 11, 27)


def test_a_zone_is_fixed_if_its_clocks_are_never_changed() -> None:
    assert [is_fixed(time_zone(name)) for name in ("UTC", "Etc/GMT+5", "GMT", "Asia/Tokyo")] == [
        True,
        True,
        True,
        False,
    ]


SHOWN = """
from base.zones import RULES_VERSION, time_zone
from zoneinfo import ZoneInfo
from datetime import datetime
at = datetime.fromisoformat("2026-12-15T12:00:00Z")
print(RULES_VERSION)
for name in {names}:
    print(name, *(at.astimezone(zone).isoformat()[-6:] for zone in (time_zone(name), ZoneInfo(name))))
"""


def shown(**variables: str) -> list[str]:
    """Of a process of its own: the version, and by zone the offset of ours and of Python's own."""
    code = SHOWN.format(names=list(OLDER))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(variables), capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


RIGHT = {
    "America/Vancouver": "-07:00",
    "America/Edmonton": "-06:00",
    "America/Winnipeg": "-05:00",
    "America/Havana": "-04:00",
    "Africa/Casablanca": "+00:00",
}


def test_older_rules_of_the_operating_system_do_not_count(tmp_path: Path) -> None:
    version, *lines = shown(PYTHONTZPATH=str(write_zones(tmp_path)))

    assert version == RULES_VERSION
    older = ["-08:00", "-07:00", "-06:00", "-05:00", "+01:00"]
    assert lines == [f"{name} {RIGHT[name]} {old}" for name, old in zip(OLDER, older, strict=True)]


def test_another_tzdata_brings_other_rules(tmp_path: Path) -> None:
    """As when it is upgraded, or not yet."""
    path = f"{write_package(tmp_path)}:{ROOT / 'src'}"

    version, *lines = shown(PYTHONPATH=path, PYTHONTZPATH="")

    assert version == "2025b"
    assert lines[0] == "America/Vancouver -08:00 -08:00"
