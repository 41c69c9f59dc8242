"""Rules of time zones that are older than those of the tzdata that is installed."""

import shutil
import struct
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from base.zones import Rules

OLDER: Final = {
    "America/Vancouver": "PST8PDT,M3.2.0,M11.1.0",
    "America/Edmonton": "MST7MDT,M3.2.0,M11.1.0",
    "America/Winnipeg": "CST6CDT,M3.2.0,M11.1.0",
    "America/Havana": "CST5CDT,M3.2.0/0,M11.1.0/1",
    "Africa/Casablanca": "<+01>-1",
}
"""As tzdata 2025b had them for 2026 and later, in the form of POSIX; Casablanca without its Ramadans."""


def tzif(rules: str) -> bytes:
    """A file in the form of RFC 8536, version 2, which has no changes but those of its rules."""
    counts = struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block = b"TZif2" + bytes(15) + counts + struct.pack(">lbb", 0, 0, 0) + b"LMT\0"
    return block + block + b"\n" + rules.encode() + b"\n"


def older_rules(name: str) -> Rules:
    """As an older process would remember them."""
    return Rules(f"{name} {'0' * 32}", tzif(OLDER[name]))


def write_zones(folder: Path, zones: dict[str, str] = OLDER) -> Path:
    """Such a folder as an operating system has, for PYTHONTZPATH: with these zones alone."""
    for name, rules in zones.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tzif(rules))
    return folder


def write_package(folder: Path, zones: dict[str, str] = OLDER, version: str = "2025b") -> Path:
    """A folder for PYTHONPATH with a tzdata whose rules of these zones are other ones."""
    with as_file(files("tzdata")) as package:
        shutil.copytree(package, folder / "tzdata", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tzdata" / "__init__.py").write_text(f'IANA_VERSION = "{version}"\n')
    write_zones(folder / "tzdata" / "zoneinfo", zones)
    return folder
