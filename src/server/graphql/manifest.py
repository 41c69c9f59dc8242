"""The manifest of trusted documents: a file as Apollo, Relay or graphql-codegen write it when a client is
built.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from server.failures import Failure

_SHA256 = "sha256:"


class _Listed(msgspec.Struct):
    """Of Apollo's manifest, in which each document is one operation with its fragments."""

    id: str
    body: str


class _Manifest(msgspec.Struct):
    operations: list[_Listed]


class Manifest(NamedTuple):
    by_id: Mapping[str, str]
    """As the file names them."""
    by_hash: Mapping[str, str]
    """SHA-256 of the text in UTF-8, in lower hexadecimal."""

    def find(self, document_id: str) -> str | None:
        """`sha256:` is followed by the hash; any other id is the file's own."""
        if document_id.startswith(_SHA256):
            return self.by_hash.get(document_id.removeprefix(_SHA256))
        return self.by_id.get(document_id)

    def holds(self, document: str) -> bool:
        return hash_of(document) in self.by_hash


NOTHING_TRUSTED = Manifest({}, {})


def hash_of(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def read_manifest(file: Path) -> Manifest:
    """Raises Failure where it cannot be read, or is none."""
    try:
        documents = _documents(file.read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise Failure(f"{file} is no manifest of trusted documents: {reason}.") from None
    return Manifest(documents, {hash_of(document): document for document in documents.values()})


def _documents(content: bytes) -> dict[str, str]:
    """By their ids: a list of operations in Apollo's, an object of texts in the others'."""
    found = msgspec.json.decode(content, type=dict[str, Any])
    if isinstance(found.get("operations"), list):
        return {listed.id: listed.body for listed in msgspec.convert(found, _Manifest).operations}
    return msgspec.convert(found, dict[str, str])
