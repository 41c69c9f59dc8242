"""The licences of what is installed: all of them have to be known, and to allow what our own allows."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageMetadata

ALLOWED = frozenset(
    {
        *(
            "0BSD",
            "Apache-2.0",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "CC0-1.0",
            "CNRI-Python",
            "ISC",
            "MIT",
            "MIT-0",
        ),
        *("MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
    }
)
"""By their names in SPDX. Mozilla's asks for the source of its own files alone, which are not changed."""
_AS_CLASSIFIED = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_WORDS = re.compile(r"[\w.+-]+")


def refused(packages: Iterable[Distribution]) -> Iterator[str]:
    """A line for each package with a licence that is unknown or not allowed."""
    for package in packages:
        found = licence_of(package.metadata)
        others = {word for word in _WORDS.findall(found) if word not in ("AND", "OR", "WITH")} - ALLOWED
        if others or not found:
            yield f"{package.name} {package.version}: {found or 'no licence is named'}"


def licence_of(metadata: PackageMetadata) -> str:
    """As an expression of SPDX, or as the package names it. Empty if it names none."""
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classified = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or ()
        if line.startswith("License :: ")
    ]
    named = classified or metadata.get_all("License") or [""]
    return " AND ".join(_AS_CLASSIFIED.get(name, name) for name in named)
