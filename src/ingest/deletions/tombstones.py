"""Tombstones: from the commit on nobody finds what was deleted, and nothing is counted for it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from secrets import token_bytes, token_hex
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from base.errors import NotFound
from base.ids import Kind, global_id
from database import change_rows, insert_into, table_of
from ingest.publication_revisions import raise_revision
from ingest.tenants import lock_tenant
from ingest.topics import Topic, touch
from models import (
    AccountLink,
    Asset,
    AuditEntry,
    AuthenticationKey,
    CoCreator,
    DeletedKind,
    Deletion,
    ExternalIdentity,
    FormerUrl,
    Invitation,
    InvitedWorkspace,
    Membership,
    Organization,
    Publication,
    SignIn,
    SignInNetwork,
    SubjectKind,
    Tenant,
    User,
    UserInsight,
    Workspace,
    WorkspaceMembership,
)

_SEED_BYTES: Final = 32


class Doomed(NamedTuple):
    """What is to be deleted."""

    kind: DeletedKind
    id: int
    public_id: UUID
    tenant_id: int
    """The tenant for whom its events are counted."""


async def bury_publications(
    session: AsyncSession, publications: Mapping[int, str], now: datetime, free_from: datetime
) -> None:
    """`publications`: their custom URLs by their ids. `free_from`: when others may take these. The session
    must have locked the tenants.
    """
    if not publications:
        return
    await raise_revision(session, col(Publication.id).in_(publications))
    await session.execute(delete(Invitation).where(col(Invitation.publication_id).in_(publications)))
    await _keep_urls(session, publications, free_from)
    ids = [(id, *_unnamed(now).values(), f"~{token_hex(16)}") for id in sorted(publications)]
    await change_rows(session, Publication, ["id"], [*_unnamed(now), "custom_url"], ids)
    touch(session, *(Topic(SubjectKind.PUBLICATION, id) for id in publications))


async def _keep_urls(session: AsyncSession, publications: Mapping[int, str], free_from: datetime) -> None:
    """Those that they had before stay taken for as long as they were."""
    former = delete(FormerUrl).where(col(FormerUrl.publication_id).in_(publications))
    gone = await session.execute(former.returning(col(FormerUrl.url), col(FormerUrl.free_from)))
    until = {hidden_url(url): at for url, at in gone}
    until.update((hidden_url(url), free_from) for url in publications.values())
    rows = [{"url": url, "publication_id": None, "free_from": at} for url, at in sorted(until.items())]
    kept = insert_into(session, FormerUrl).values(rows)
    taken = {"free_from": kept.excluded.free_from}
    await session.execute(kept.on_conflict_do_update(index_elements=["url"], set_=taken))


def hidden_url(url: str) -> str:
    """Stands for the custom URL of a deleted publication, which may be a person's name."""
    return f"~{blake2b(url.encode(), digest_size=32).hexdigest()}"


async def bury_asset(session: AsyncSession, asset: Doomed, now: datetime) -> None:
    await session.execute(update(Asset).where(col(Asset.id) == asset.id).values(**_unnamed(now)))
    await note(session, asset, now)
    touch(session, Topic(SubjectKind.ASSET, asset.id))


async def bury_workspace(session: AsyncSession, workspace: Doomed, now: datetime) -> None:
    """Its assets are no longer found either."""
    await _bury_assets(session, Asset.workspace_id, workspace.id, now)
    await session.execute(update(Workspace).where(col(Workspace.id) == workspace.id).values(**_unnamed(now)))
    await session.execute(
        delete(WorkspaceMembership).where(col(WorkspaceMembership.workspace_id) == workspace.id)
    )
    await session.execute(delete(Invitation).where(col(Invitation.workspace_id) == workspace.id))
    await session.execute(delete(InvitedWorkspace).where(col(InvitedWorkspace.workspace_id) == workspace.id))
    await note(session, workspace, now)


async def bury_organization(session: AsyncSession, organization: Doomed, now: datetime) -> None:
    """Its workspaces and assets are no longer found either."""
    of_it = col(Workspace.organization_id) == organization.id
    await _bury_assets(session, Asset.organization_id, organization.id, now)
    workspaces = select(col(Workspace.id)).where(of_it)
    await session.execute(
        delete(WorkspaceMembership).where(col(WorkspaceMembership.workspace_id).in_(workspaces))
    )
    await session.execute(update(Workspace).where(of_it).values(deleted_at=now, legacy_id=None))
    await session.execute(delete(Membership).where(col(Membership.organization_id) == organization.id))
    await session.execute(delete(Invitation).where(col(Invitation.organization_id) == organization.id))
    await session.execute(
        update(Organization).where(col(Organization.id) == organization.id).values(**_unnamed(now))
    )
    await close_tenant(session, organization.tenant_id, now)
    await note(session, organization, now)


async def _bury_assets(session: AsyncSession, within: Any, id: int, now: datetime) -> None:
    its = (col(within) == id, col(Asset.deleted_at).is_(None))
    assets = await session.scalars(select(col(Asset.id)).where(*its))
    touch(session, *(Topic(SubjectKind.ASSET, id) for id in assets))
    await session.execute(update(Asset).where(*its).values(deleted_at=now, legacy_id=None))


async def bury_user(session: AsyncSession, user: Doomed, now: datetime) -> None:
    """The row loses every name of the person at once, and the person can no longer sign in."""
    made = select(col(CoCreator.publication_id)).where(col(CoCreator.user_id) == user.id)
    await raise_revision(session, or_(col(Publication.owner_id) == user.id, col(Publication.id).in_(made)))
    for model, column in _AT_ONCE:
        await session.execute(delete(table_of(model)).where(col(column) == user.id))
    await session.execute(delete(AccountLink).where(col(AccountLink.email) == _email_of(user)))
    await _leave_trail(session, user)
    nobody = token_hex(16)
    await session.execute(
        update(User)
        .where(col(User.id) == user.id)
        .values(
            **_unnamed(now),
            email=f"{nobody}@erased.invalid",
            username=f"erased-{nobody}",
            username_skeleton=None,
            name=None,
            password_hash=None,
        )
    )
    await close_tenant(session, user.tenant_id, now)
    await note(session, user, now, seed=token_bytes(_SEED_BYTES))
    touch(session, Topic(SubjectKind.PROFILE, user.id))


def _email_of(user: Doomed) -> Any:
    """Somebody may have asked to sign up with the email of the account: such a link names no user."""
    return select(col(User.email)).where(col(User.id) == user.id).scalar_subquery()


async def _leave_trail(session: AsyncSession, user: Doomed) -> None:
    """The audit trail still says what was done, and not any more by whom or to whom."""
    about = col(AuditEntry.account_id) == user.id
    own = col(AuditEntry.user_id) == user.id
    it = col(AuditEntry.object) == global_id(Kind.USER, user.public_id)
    await session.execute(update(AuditEntry).where(own).values(user_id=None, key=None))
    await session.execute(update(AuditEntry).where(or_(about, it)).values(account_id=None, object=None))


_AT_ONCE: Final[tuple[tuple[type[SQLModel], Any], ...]] = (
    (AuthenticationKey, AuthenticationKey.user_id),
    (SignInNetwork, SignInNetwork.user_id),
    (WorkspaceMembership, WorkspaceMembership.user_id),
    (Membership, Membership.user_id),
    (CoCreator, CoCreator.user_id),
    (UserInsight, UserInsight.user_id),
    (Invitation, Invitation.user_id),
    (Invitation, Invitation.inviter_id),
    (SignIn, SignIn.user_id),
    (AccountLink, AccountLink.user_id),
    (ExternalIdentity, ExternalIdentity.user_id),
)
"""What gives an account its rights, and what is shown of it by itself: nothing of it outlives the commit."""


async def close_tenant(session: AsyncSession, tenant_id: int, now: datetime) -> None:
    """Nothing is counted for it any more."""
    await session.execute(update(Tenant).where(col(Tenant.id) == tenant_id).values(deleted_at=now))


async def lock_tenants(session: AsyncSession, tenant_ids: Iterable[int], now: datetime) -> None:
    """Waits for those who count events of these tenants. From the commit on they look for each subject."""
    for id in sorted(set(tenant_ids)):
        await lock_tenant(session, id)
        await session.execute(update(Tenant).where(col(Tenant.id) == id).values(subject_deleted_at=now))


async def require_there(session: AsyncSession, one: Doomed) -> None:
    """Raises NOT_FOUND if somebody else has deleted it meanwhile."""
    columns = table_of(_MODELS[one.kind]).c
    found = select(columns.id).where(columns.id == one.id, columns.deleted_at.is_(None))
    if await session.scalar(found.with_for_update(key_share=True)) is None:
        raise NotFound("It is deleted already.")


_MODELS: Final[Mapping[DeletedKind, type[SQLModel]]] = {
    DeletedKind.PUBLICATION: Publication,
    DeletedKind.ASSET: Asset,
    DeletedKind.WORKSPACE: Workspace,
    DeletedKind.ORGANIZATION: Organization,
    DeletedKind.ACCOUNT: User,
}


def _unnamed(now: datetime) -> dict[str, Any]:
    """Nobody finds it by the ids that it had."""
    return {"deleted_at": now, "public_id": uuid4(), "legacy_id": None}


async def note(session: AsyncSession, one: Doomed, now: datetime, seed: bytes | None = None) -> None:
    session.add(
        Deletion(
            kind=int(one.kind),
            public_id=one.public_id,
            object_id=one.id,
            owner_tenant_id=one.tenant_id,
            requested_at=now,
            seed=seed,
        )
    )
    await session.flush()
