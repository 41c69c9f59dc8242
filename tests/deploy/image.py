"""Carries out the steps of the Dockerfile without Docker, and runs what comes out.

The files of this machine stand in for the image that the first stage begins with. The steps see them through
an overlay, which takes up all changes and is gone with the mounts of its process.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.server.program import ROOT

_OVERLAY = """
mount --make-rprivate /
mount -t tmpfs tmpfs {work}
mkdir {work}/upper {work}/work {root}
mount -t overlay overlay -o lowerdir=/,upperdir={work}/upper,workdir={work}/work {root}
mount --rbind /proc {root}/proc
mount --rbind /dev {root}/dev
cd {root}
rm -rf opt/viewgraph build image packages
"""
_CONTAINER = """
mount --make-rprivate /
mount --bind {files} {files}
mount -o remount,ro,bind {files}
mount -t proc proc {files}/proc
mount --rbind /dev {files}/dev
mount -t tmpfs tmpfs {files}/tmp
mount --bind {volume} {files}/data
exec env -i {variables} setpriv --no-new-privs /usr/sbin/chroot --userspec={user} --groups= {files} {command}
"""
_UNSHARE = "/usr/bin/unshare"
_PACKAGES = "opt/viewgraph/lib/python3.11/site-packages"
_UV = f"{sys.executable} -m uv pip {{}} --python /opt/viewgraph/bin/python"


class Step(NamedTuple):
    instruction: str
    text: str


def steps_of(dockerfile: str) -> list[list[Step]]:
    """The steps of each stage."""
    lines = [line for line in dockerfile.splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    steps = [Step(*line.split(maxsplit=1)) for line in whole.splitlines() if line.strip()]
    starts = [at for at, step in enumerate(steps) if step.instruction == "FROM"]
    return [steps[start:end] for start, end in zip(starts, [*starts[1:], len(steps)], strict=True)]


class Image:
    """What the steps make, in the folder `files`."""

    def __init__(self, folder: Path) -> None:
        _require_tools()
        build, last = steps_of((ROOT / "Dockerfile").read_text())
        self.files = folder / "image"
        self._said = {step.instruction: step.text for step in last}
        _copy_locked(folder / "locked")
        (folder / "work").mkdir()
        root = f"{folder}/work/root"
        lines = [
            _OVERLAY.format(work=folder / "work", root=root),
            *_first_stage(build, root, folder / "locked"),
        ]
        for source, target in _copied(last):
            lines += [
                f"mkdir -p $(dirname {self.files}{target})",
                f"cp -a {root}{source} {self.files}{target}",
            ]
        lines += [f"mkdir {self.files}/proc {self.files}/dev"]
        self.files.mkdir()
        script = "\n".join(lines)
        made = subprocess.run(
            [_UNSHARE, "--mount", "sh", "-exc", script],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(Path.home())},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert made.returncode == 0, made.stdout

    def command(self, volume: Path, *arguments: str, health: bool = False, **variables: str) -> list[str]:
        """Runs it as Docker does with `--read-only --cap-drop ALL --security-opt no-new-privileges`."""
        own = dict(pair.split("=", 1) for pair in shlex.split(self._said["ENV"]))
        start = (
            json.loads(self._said["HEALTHCHECK"].partition("CMD")[2]) if health else self._entry(arguments)
        )
        script = _CONTAINER.format(
            files=self.files,
            volume=volume,
            variables=shlex.join(f"{name}={value}" for name, value in {**own, **variables}.items()),
            user=self._said["USER"],
            command=shlex.join(start),
        )
        return [_UNSHARE, "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", script]

    @property
    def packages(self) -> Path:
        return self.files / _PACKAGES

    def _entry(self, arguments: tuple[str, ...]) -> list[str]:
        return [*json.loads(self._said["ENTRYPOINT"]), *(arguments or json.loads(self._said["CMD"]))]


def _first_stage(steps: list[Step], root: str, locked: Path) -> Iterator[str]:
    folder = "/"
    for instruction, text in steps:
        if instruction == "WORKDIR":
            folder = text
            yield f"mkdir -p {root}{folder}"
        elif instruction == "COPY":
            *sources, target = text.split()
            is_folder = len(sources) == 1 and (ROOT / sources[0]).is_dir()
            into = f"{root}{folder}/{target}"
            yield f"cp -r {' '.join(str(ROOT / source) for source in sources)} {into}"
            yield f"find {into} -name __pycache__ -prune -exec rm -r {{}} +" if is_folder else ":"
        elif instruction == "RUN" and "apt-get install" not in text:
            yield f"chroot {root} sh -exc {shlex.quote(f'cd {folder}; {_without_registries(text, locked)}')}"


def _without_registries(text: str, locked: Path) -> str:
    """The same with what is here already: packages of the lock, and lists of Debian's packages."""
    has_lists = any(Path("/var/lib/apt/lists").glob("*_Packages*"))
    pip = "/opt/viewgraph/bin/pip"
    for given, here in (
        ("apt-get update", "true" if has_lists else "apt-get update"),
        ("-m venv", "-m venv --without-pip"),
        (
            f"{pip} install --no-cache-dir --require-hashes --requirement requirements.lock",
            f"cp -a {locked}/. /{_PACKAGES}/",
        ),
        (f"{pip} install --no-cache-dir", f"{_UV.format('install')} --offline"),
        (f"{pip} uninstall --yes", _UV.format("uninstall")),
    ):
        text = text.replace(given, here)
    assert pip not in text
    return text


def _copied(steps: list[Step]) -> Iterator[tuple[str, str]]:
    for _, text in (step for step in steps if step.instruction == "COPY"):
        source, target = text.removeprefix("--from=build ").split()
        yield (f"{source}/.", target) if target == "/" else (source, target)


def _copy_locked(folder: Path) -> None:
    """The packages of the lock, as this environment has them."""
    for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.M):
        try:
            found = distribution(name)
        except ModuleNotFoundError:
            continue
        for file in found.files or ():
            if ".." not in file.parts:
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(str(file.locate()), target)


def _require_tools() -> None:
    overlay = "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mkdir /mnt/a /mnt/b /mnt/c && "
    overlay += "mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/a,workdir=/mnt/b /mnt/c"
    python = "/usr/bin/python3 -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 11))'"
    for test in (
        "command -v dpkg-deb apt-get strip unshare setpriv",
        python,
        f"unshare --mount sh -c {shlex.quote(overlay)}",
    ):
        if subprocess.run(["/bin/sh", "-c", test], capture_output=True).returncode:
            pytest.skip(f"The steps of the Dockerfile need Debian 12 and rights to mount: {test}")
