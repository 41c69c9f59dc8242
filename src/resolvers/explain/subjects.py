"""Finds the subjects of a figure that an operator names, without asking who may see them."""

from typing import NamedTuple

from base.errors import NotFound
from base.ids import InvalidId, Kind, global_id, parse_global_id
from loaders.assets import AssetByPublicId, AssetsOfOrganization, AssetsOfWorkspace
from loaders.insights import InsightByUser, InsightRow, WorkRow, WorksOfInsight
from loaders.organizations import OrganizationById, OrganizationByPublicId, WorkspaceByPublicId
from loaders.people import UserById, UserByPublicId
from loaders.publications import PublicationByPublicId, PublicationRow
from models import SourceType, SubjectKind
from resolvers.context import Context
from resolvers.ids import find
from resolvers.publications import publication_by_url


class Explained(NamedTuple):
    """Subjects of one tenant whose figure is one number."""

    words: str
    kind: SubjectKind
    tenant_id: int
    tenant: str
    """The name that `--tenant` takes."""
    subject_ids: tuple[int, ...]
    publication: PublicationRow | None = None
    given: InsightRow | WorkRow | None = None
    """The row with the number that the user gave, if that is a part of the figure."""
    has_all: bool = False
    """Whether these are all assets of the tenant."""


async def named(context: Context, text: str) -> list[Explained]:
    """The subjects of a global id, or of the URL of a publication. A user stands for the profile and the
    works on it."""
    try:
        kind, _ = parse_global_id(text)
    except InvalidId:
        return [await _publication(context, await publication_by_url(context, text))]
    match kind:
        case Kind.PUBLICATION:
            row = await find(kind, text, context.loaders[PublicationByPublicId].load)
            return [await _publication(context, row)]
        case Kind.USER:
            return await _user(context, text)
        case Kind.ASSET | Kind.WORKSPACE | Kind.ORGANIZATION:
            return [await _assets(context, kind, text)]
        case _:
            raise NotFound("Figures are of publications, users, assets, workspaces and organizations.")


async def _publication(context: Context, row: PublicationRow) -> Explained:
    owner = await context.loaders[UserById].load(row.owner_id)
    assert owner
    return Explained(
        f"the publication {row.custom_url}",
        SubjectKind.PUBLICATION,
        row.tenant_id,
        owner.username,
        (row.id,),
        publication=row,
    )


async def _user(context: Context, id: str) -> list[Explained]:
    loaders = context.loaders
    user = await find(Kind.USER, id, loaders[UserByPublicId].load)
    insight = await loaders[InsightByUser].load(user.id)
    if insight is None:
        raise NotFound(f"{user.username} has no insight, so there is no figure of it.")
    profile = Explained(
        f"the profile of {user.username}",
        SubjectKind.PROFILE,
        insight.tenant_id,
        user.username,
        (user.id,),
        given=insight,
    )
    return [
        profile,
        *(
            Explained(
                f"the work {SourceType(work.source_type).name} {work.item_id} of {user.username}",
                SubjectKind.WORK,
                work.tenant_id,
                user.username,
                (work.id,),
                given=work,
            )
            for work in await loaders[WorksOfInsight].load(insight.id)
        ),
    ]


async def _assets(context: Context, kind: Kind, id: str) -> Explained:
    loaders = context.loaders
    ids: tuple[int, ...]
    if kind is Kind.ASSET:
        asset = await find(kind, id, loaders[AssetByPublicId].load)
        ids, tenant_id, organization_id = (asset.id,), asset.tenant_id, asset.organization_id
    elif kind is Kind.WORKSPACE:
        workspace = await find(kind, id, loaders[WorkspaceByPublicId].load)
        ids = tuple(one.id for one in await loaders[AssetsOfWorkspace].load(workspace.id))
        tenant_id, organization_id = workspace.tenant_id, workspace.organization_id
    else:
        row = await find(kind, id, loaders[OrganizationByPublicId].load)
        ids = tuple(one.id for one in await loaders[AssetsOfOrganization].load(row.id))
        tenant_id, organization_id = row.tenant_id, row.id
    organization = await loaders[OrganizationById].load(organization_id)
    assert organization
    words = f"the asset {id}" if kind is Kind.ASSET else f"all assets of {id} ({len(ids):,})"
    return Explained(
        words,
        SubjectKind.ASSET,
        tenant_id,
        global_id(Kind.ORGANIZATION, organization.public_id),
        ids,
        has_all=kind is Kind.ORGANIZATION,
    )
