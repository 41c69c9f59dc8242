"""Which assets, and which figures of them, a field asks for."""

from asyncio import gather
from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from auth.access import role_in
from base.calendar import DateInterval, Span, WeekStart
from base.errors import BadUserInput
from base.ids import Kind, public_id_in, uuid_in
from figures.assets import Ranked, Ranking, ranked
from loaders.asset_metrics import Choice, Choices, Group, Scope, SeriesKey, TotalsByAsset
from loaders.assets import (
    AssetByLegacyId,
    AssetByPublicId,
    AssetKeys,
    AssetRow,
    AssetsOfOrganization,
    AssetsOfWorkspace,
)
from loaders.organizations import OrganizationRow, WorkspaceById, WorkspaceRow
from loaders.visitors import VisitorsKey
from models import Action, Role, SubjectKind
from resolvers.context import Context
from resolvers.ids import found, no_such
from resolvers.organizations import named_workspace, within
from resolvers.ranges import domain_of, previous_span, span_of, timeline_of, zone_of

ACTIONS_OF = {
    "VIEW_3D": {"VIEW": Action.VIEW_3D},
    "VIEW_AR": {"CLICK": Action.AR_CLICK, "SCAN": Action.AR_SCAN},
}


class ScopeArguments(NamedTuple):
    """What a scope covers. None stands for all ids, and an empty list for no id."""

    span: Span
    time_zone: str
    domain: str | None
    workspace_ids: Sequence[str] | None = None
    asset_ids: Sequence[str] | None = None


def scope_arguments(
    context: Context,
    start: str,
    end: str,
    time_zone: str | None,
    domain: str | None,
    workspace_ids: Sequence[str] | None = None,
    asset_ids: Sequence[str] | None = None,
) -> ScopeArguments:
    """The arguments of a `metrics` field. All but the ids are checked."""
    span = span_of(start, end, zone_of(time_zone), context.limits)
    return ScopeArguments(span, time_zone or "UTC", domain_of(domain), workspace_ids, asset_ids)


async def organization_scope(context: Context, organization: OrganizationRow, asked: ScopeArguments) -> Scope:
    existing = await context.loaders[AssetsOfOrganization].load(organization.id)
    visible = await _visible_assets(context, organization, existing)
    assets, named = await _named_assets(context, organization.id, visible, asked.asset_ids)
    workspaces = await _named_workspaces(context, organization, asked.workspace_ids)
    if workspaces is not None:
        entered = {workspace.id for workspace in workspaces}
        assets = [asset for asset in assets if asset.workspace_id in entered]
    choices = Choices(
        Kind.ORGANIZATION,
        _choice(organization),
        organization.id,
        None if workspaces is None else tuple(_choice(row) for row in workspaces),
        named,
    )
    scope = _scope(organization.tenant_id, organization.time_zone, assets, asked, choices)
    return scope._replace(has_all=len(assets) == len(existing))


async def workspace_scope(context: Context, workspace: WorkspaceRow, asked: ScopeArguments) -> Scope:
    visible = await context.loaders[AssetsOfWorkspace].load(workspace.id)
    assets, named = await _named_assets(context, workspace.organization_id, visible, asked.asset_ids)
    choices = Choices(Kind.WORKSPACE, _choice(workspace), workspace.organization_id, assets=named)
    return _scope(workspace.tenant_id, workspace.time_zone, assets, asked, choices)


def asset_scope(asset: AssetRow, asked: ScopeArguments) -> Scope:
    keys = [AssetKeys(asset.id, asset.workspace_id)]
    choices = Choices(Kind.ASSET, _choice(asset), asset.organization_id)
    return _scope(asset.tenant_id, asset.time_zone, keys, asked, choices)


async def _visible_assets(
    context: Context, organization: OrganizationRow, assets: Sequence[AssetKeys]
) -> Sequence[AssetKeys]:
    """All assets for owners and admins. With a token for one workspace, only the assets of that workspace.
    None for members without such a token."""
    role = await role_in(context.loaders, context.viewer, organization.id)
    if role in (Role.OWNER, Role.ADMIN) and context.viewer.workspace_id is None:
        return assets
    return [asset for asset in assets if asset.workspace_id == context.viewer.workspace_id]


async def _named_assets(
    context: Context, organization_id: int, visible: Iterable[AssetKeys], ids: Sequence[str] | None
) -> tuple[Sequence[AssetKeys], tuple[Choice, ...] | None]:
    """The visible assets that are named, and how they are called. Raises NOT_FOUND if a named asset is not
    visible."""
    known = {asset.id: asset for asset in visible}
    if ids is None:
        return list(known.values()), None
    extensions = {"argument": "assetIds", "reason": "INVALID_ASSET"}
    by_id: dict[int, AssetRow] = {}
    for row in await _assets_of_ids(context, organization_id, set(ids)):
        if row is None or row.id not in known:
            raise no_such(Kind.ASSET, **extensions)
        by_id[row.id] = row
    named = sorted(by_id.values(), key=attrgetter("id"))
    return [known[row.id] for row in named], tuple(_choice(row) for row in named)


async def _assets_of_ids(
    context: Context, organization_id: int, ids: Collection[str]
) -> Sequence[AssetRow | None]:
    """Global ids and UUIDs are read together. Only if some find nothing, each is looked for by itself."""
    loaders = context.loaders
    public_ids = [public_id_in(id, Kind.ASSET) or uuid_in(id) for id in ids]
    rows = await loaders[AssetByPublicId].load_many(id for id in public_ids if id)
    if all(rows) and len(rows) == len(ids):
        return rows
    load, load_legacy = loaders[AssetByPublicId].load, within(loaders[AssetByLegacyId], organization_id)
    return await gather(*(found(Kind.ASSET, id, load, load_legacy) for id in ids))


async def _named_workspaces(
    context: Context, organization: OrganizationRow, ids: Sequence[str] | None
) -> Sequence[WorkspaceRow] | None:
    """The workspaces that are named; None for all. With a token for one workspace, only that one."""
    if ids is not None:
        named = await gather(*(named_workspace(context, id, organization.id) for id in set(ids)))
        return sorted({row.id: row for row in named}.values(), key=attrgetter("id"))
    if context.viewer.workspace_id is None:
        return None
    own = await context.loaders[WorkspaceById].load(context.viewer.workspace_id)
    return [own] if own else []


def _choice(row: OrganizationRow | WorkspaceRow | AssetRow) -> Choice:
    return Choice(row.public_id, row.name)


def _scope(
    tenant_id: int, reporting_zone: str, assets: Sequence[AssetKeys], asked: ScopeArguments, choices: Choices
) -> Scope:
    return Scope(
        tenant_id,
        reporting_zone,
        tuple(asset.id for asset in assets),
        tuple(asset.workspace_id for asset in assets),
        asked.span,
        asked.domain,
        asked.time_zone,
        choices,
    )


def previous_scope(scope: Scope, *, is_as_long: bool = False) -> Scope:
    return scope._replace(span=previous_span(scope.span, scope.asked_zone, is_as_long=is_as_long))


def visitors_key(scope: Scope) -> VisitorsKey | None:
    """None if a domain is named, because visitors are not kept by domain."""
    if scope.domain is not None:
        return None
    return VisitorsKey(
        scope.tenant_id, scope.time_zone, SubjectKind.ASSET, scope.assets, scope.has_all, scope.span
    )


async def ranked_assets(context: Context, scope: Scope, ranking: Ranking, first: int) -> list[Ranked]:
    if not 0 <= first <= context.limits.page_size:
        raise BadUserInput(
            f"`first` is a number from 0 to {context.limits.page_size}.",
            argument="first",
            reason="INVALID_PAGE_SIZE",
        )
    return ranked(await context.loaders[TotalsByAsset].load(scope), ranking, first)


def view_actions(view_type: str, action_types: Sequence[str] | None) -> tuple[Action, ...]:
    """The named actions of a type of views; all of them if None is given. Raises BAD_USER_INPUT for
    others."""
    known = ACTIONS_OF[view_type]
    if action_types is None:
        return tuple(known.values())
    if not action_types:
        raise BadUserInput(
            "Name at least one action, or leave `actionTypes` out.",
            argument="actionTypes",
            reason="MISSING_ACTION_TYPE",
        )
    if not set(action_types) <= known.keys():
        raise BadUserInput(
            f"{view_type} goes with {' and '.join(known)} only.",
            argument="actionTypes",
            reason="INVALID_ACTION_TYPE",
        )
    return tuple(sorted({known[name] for name in action_types}))


async def series_key(
    scope: Scope,
    context: Context,
    *,
    view_type: str | None = None,
    actions: tuple[Action, ...],
    interval: DateInterval,
    groups: Iterable[Group],
    zero_fill: bool,
    week_start: WeekStart,
) -> SeriesKey:
    return SeriesKey(
        scope,
        view_type,
        actions,
        interval,
        await timeline_of(context, scope.span, interval, scope.asked_zone, week_start),
        frozenset(groups),
        zero_fill,
        context.now,
    )
