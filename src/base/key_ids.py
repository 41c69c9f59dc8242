"""Names of keys that tell nothing of them."""

from hashlib import sha256


def key_id(purpose: str, key: bytes) -> str:
    """12 characters. A key has another id for each purpose."""
    return sha256(f"viewgraph {purpose} id:".encode() + key).hexdigest()[:12]
