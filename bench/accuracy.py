"""How rightly bots and devices are told, by public lists of user agents that packages bring.

`--tree` names trees to compare, such as one of the release before. `--isbot` and `--uap-core` name checkouts
of these two projects, whose lists no package brings.
"""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

_FOLDER = Path(".venv/accuracy")
_WHEELS = ("device-detector==6.5.1", "crawler-user-agents==1.67.0", "fake-useragent==2.2.0")
_SOURCES = ("crawlerdetect==0.4.2",)
_PACKS = ("user-agents@2.1.198",)
_EVERY = 20
"""Of the 165,639 agents of CrawlerDetect's that are no crawlers, so many are passed over for one."""
_DEVICES = {
    "desktop": "DESKTOP",
    "mobile": "MOBILE",
    "smartphone": "MOBILE",
    "phablet": "MOBILE",
    "feature phone": "MOBILE",
    "tablet": "TABLET",
    "tv": "UNKNOWN",
    "console": "UNKNOWN",
    "car browser": "UNKNOWN",
    "wearable": "UNKNOWN",
}
_KINDS = {"DESKTOP": "desktops", "MOBILE": "phones", "TABLET": "tablets", "UNKNOWN": "televisions and others"}
_JUDGE = """
import json, sys
from ingest.devices import device_of, is_bot
asked = json.load(sys.stdin)
told = [(is_bot(agent), device_of(agent).name if has_device else "") for agent, has_device in asked]
json.dump(told, sys.stdout)
"""


class Agent(NamedTuple):
    row: str
    """Of the table."""
    text: str
    wanted: str
    """BOT, PERSON for anybody, or the name of a device."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", action="append", type=Path, help="compare with the tree there")
    parser.add_argument("--isbot", type=Path, help="a checkout of isbot")
    parser.add_argument("--uap-core", type=Path, help="a checkout of uap-core")
    options = parser.parse_args()
    _fetch()
    sys.path.insert(0, str(_FOLDER.resolve()))
    agents = list(dict.fromkeys(_agents(options.isbot, options.uap_core)))
    trees = options.tree or [Path()]
    results = [_judged(tree, agents) for tree in trees]
    rows = list(dict.fromkeys(agent.row for agent in agents))
    totals = Counter(agent.row for agent in agents)
    print("| right of | agents |" + "".join(f" {tree.resolve().name} |" for tree in trees))
    print("| --- | --- |" + " --- |" * len(trees))
    for row in rows:
        shares = "".join(f" {result[row]:,} ({result[row] / totals[row]:.2%}) |" for result in results)
        print(f"| {row} | {totals[row]:,} |{shares}")


def _fetch() -> None:
    if _FOLDER.exists():
        return
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    part = _FOLDER.with_suffix(".part")
    _run(*pip, "install", "--target", str(part), *_WHEELS)
    _run(*pip, "download", "--no-deps", "--no-binary", ":all:", "--dest", str(part), *_SOURCES)
    npm = which("npm")
    if npm:
        _run(npm, "pack", "--silent", "--pack-destination", str(part), *_PACKS)
    part.rename(_FOLDER)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def _judged(tree: Path, agents: list[Agent]) -> Counter[str]:
    """How many agents of each row are told rightly."""
    judged = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _JUDGE],
        input=json.dumps([(agent.text, agent.wanted not in ("BOT", "PERSON")) for agent in agents]),
        env={**os.environ, "PYTHONPATH": str(tree.resolve() / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    right: Counter[str] = Counter()
    for agent, (is_bot, device) in zip(agents, json.loads(judged.stdout), strict=True):
        told = "BOT" if is_bot else device
        right[agent.row] += told == agent.wanted or (agent.wanted == "PERSON" and not is_bot)
    return right


def _agents(isbot: Path | None, uap_core: Path | None) -> Iterator[Agent]:
    listed = set()
    for agent in (
        *_of_crawler_user_agents(),
        *_of_isbot(isbot),
        *_of_uap_core(uap_core),
        *_of_device_detector(),
    ):
        listed.add(agent.text)
        yield agent
    with tarfile.open(next(_FOLDER.glob("crawlerdetect*.tar.gz"))) as packed:
        for text in _lines(packed, "crawlers.txt"):
            if text not in listed:
                yield Agent("CrawlerDetect's bots that are in none of these", text, "BOT")
        for text in _lines(packed, "devices.txt")[::_EVERY]:
            yield Agent("CrawlerDetect's people", text, "PERSON")
    for text, kind in _of_traffic():
        yield Agent("browsers, as sampled from traffic", text, "PERSON")
        yield Agent(f"their {_KINDS[_DEVICES[kind]]}", text, _DEVICES[kind])


def _of_crawler_user_agents() -> Iterator[Agent]:
    file = _FOLDER / "crawleruseragents/crawler-user-agents.json"
    for entry in json.loads(file.read_text()):
        for text in entry.get("instances", ()):
            yield Agent("crawler-user-agents' bots", text, "BOT")


def _of_isbot(checkout: Path | None) -> Iterator[Agent]:
    for file, row, wanted in (("crawlers", "bots", "BOT"), ("browsers", "people", "PERSON")):
        for texts in _yaml(checkout / f"fixtures/{file}.yml").values() if checkout else ():
            for text in texts:
                yield Agent(f"isbot's {row}", text, wanted)


def _of_uap_core(checkout: Path | None) -> Iterator[Agent]:
    for case in _yaml(checkout / "tests/test_device.yaml")["test_cases"] if checkout else ():
        if case["family"] == "Spider":
            yield Agent("ua-parser's spiders", case["user_agent_string"], "BOT")


def _of_device_detector() -> Iterator[Agent]:
    for file in sorted((_FOLDER / "device_detector/tests/fixtures/upstream").glob("*.yml")):
        if file.stem.startswith("clienthints"):
            continue
        for case in _yaml(file):
            text = case["user_agent"]
            if "bot" in case:
                yield Agent("device-detector's bots", text, "BOT")
                continue
            if (case.get("client") or {}).get("type") == "browser":
                yield Agent("device-detector's browsers", text, "PERSON")
            wanted = _DEVICES.get((case.get("device") or {}).get("type", ""))
            if wanted:
                recent = "recent " if _is_recent(text) else "older "
                yield Agent(f"its {recent}{_KINDS[wanted]}", text, wanted)


def _is_recent(agent: str) -> bool:
    """Chrome or Firefox 110, Safari 16, or later."""
    found = re.search(r"(?:Chrome|Firefox)/(\d+)", agent)
    if found:
        return int(found[1]) >= 110
    found = re.search(r"Version/(\d+)[\d.]* .*Safari/", agent)
    return found is not None and int(found[1]) >= 16 and "Android" not in agent


def _of_traffic() -> Iterator[tuple[str, str]]:
    for line in (_FOLDER / "fake_useragent/data/browsers.jsonl").read_text().splitlines():
        browser = json.loads(line)
        yield browser["useragent"], browser["type"]
    for pack in _FOLDER.glob("user-agents-*.tgz"):
        with tarfile.open(pack) as packed:
            name = next(name for name in packed.getnames() if re.search(r"user-agents\.json(\.gz)?$", name))
            file = packed.extractfile(name)
            assert file is not None
            body = file.read()
        for browser in json.loads(gzip.decompress(body) if name.endswith(".gz") else body):
            yield browser["userAgent"], browser["deviceCategory"]


def _lines(packed: tarfile.TarFile, name: str) -> list[str]:
    path = next(one for one in packed.getnames() if one.endswith(f"user_agent/{name}"))
    file = packed.extractfile(path)
    assert file is not None
    return [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]


def _yaml(file: Path) -> Any:
    # device-detector brings it.
    from yaml_rs import loads

    return loads(file.read_text())


if __name__ == "__main__":
    main()
