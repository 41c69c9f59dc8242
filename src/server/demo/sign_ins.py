"""The demo's accounts, whose password everybody knows."""

PASSWORD = "viewgraph-demo"  # noqa: S105
ACCOUNTS = {
    "owner": "owns the publication `ai-research-studio`",
    "cocreator": "makes it together with the owner",
    "stranger": "only reads",
    "admin": "runs the organization Demo Works",
    "member": "works in one of its workspaces",
}


def email_of(name: str) -> str:
    return f"{name}@demo.test"


def sign_ins() -> dict[str, object]:
    """The accounts, as GraphiQL's page expects them."""
    accounts = [{"name": name, "email": email_of(name), "words": words} for name, words in ACCOUNTS.items()]
    return {"accounts": accounts, "password": PASSWORD}
