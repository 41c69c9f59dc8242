"""The manifest of trusted documents: a file that Apollo, Relay or graphql-codegen writes when it builds a
client.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from server.failures import Failure

_SHA256 = "sha256:"
_OPERATION = re.compile(r"\b(?:query|mutation|subscription)\s+([_A-Za-z][_0-9A-Za-z]*)")


class _Listed(msgspec.Struct):
    """An entry of Apollo's manifest. Each document there is one operation with its fragments."""

    id: str
    body: str


class _Manifest(msgspec.Struct):
    operations: list[_Listed]


class Manifest(NamedTuple):
    by_id: Mapping[str, str]
    """Documents by the ids of the file."""
    by_hash: Mapping[str, str]
    """Documents by the SHA-256 of their text in UTF-8, in lower-case hexadecimal."""

    def find(self, document_id: str) -> str | None:
        """The document for an id: `sha256:` and the hash, or an id of the file."""
        if document_id.startswith(_SHA256):
            return self.by_hash.get(document_id.removeprefix(_SHA256))
        return self.by_id.get(document_id)

    def holds(self, document: str) -> bool:
        return hash_of(document) in self.by_hash


NOTHING_TRUSTED = Manifest({}, {})


def operation_names(documents: Iterable[str]) -> set[str]:
    """The names of their operations."""
    return {name for document in documents for name in _OPERATION.findall(document)}


def hash_of(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def read_manifest(file: Path) -> Manifest:
    """Raises Failure if the file cannot be read, or is not a manifest."""
    try:
        documents = _documents(file.read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise Failure(f"{file} is no manifest of trusted documents: {reason}.") from None
    return Manifest(documents, {hash_of(document): document for document in documents.values()})


def _documents(content: bytes) -> dict[str, str]:
    """Documents by their ids. Apollo's manifest has a list of operations, the others have an object of
    texts.
    """
    found = msgspec.json.decode(content, type=dict[str, Any])
    if isinstance(found.get("operations"), list):
        return {listed.id: listed.body for listed in msgspec.convert(found, _Manifest).operations}
    return msgspec.convert(found, dict[str, str])
