"""Which assets, and which figures of them, a field asks for."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from auth.access import role_in
from base.calendar import DateInterval, Span, WeekStart, buckets, previous, time_zone, touched_days
from base.errors import BadUserInput
from base.ids import Kind
from loaders.asset_metrics import Group, Ranking, RankingKey, Scope, SeriesKey
from loaders.asset_visitors import AssetVisitorsKey
from loaders.assets import AssetKeys, AssetRow
from loaders.organizations import OrganizationRow, WorkspaceRow
from models import Action, Role
from resolvers.context import Context
from resolvers.ids import no_such, public_id_of
from resolvers.organizations import named_workspace
from resolvers.ranges import domain_of, span_of, zone_of

ACTIONS_OF = {
    "VIEW_3D": {"VIEW": Action.VIEW_3D},
    "VIEW_AR": {"CLICK": Action.AR_CLICK, "SCAN": Action.AR_SCAN},
}


class Asked(NamedTuple):
    """The arguments of a `metrics` field. Null ids mean all, an empty list none."""

    start: str
    end: str
    time_zone: str | None
    domain: str | None
    workspace_ids: Sequence[str] | None = None
    asset_ids: Sequence[str] | None = None


async def organization_scope(context: Context, organization: OrganizationRow, asked: Asked) -> Scope:
    existing = await context.loaders.assets_of_organization.load(organization.id)
    visible = await _visible_assets(context, organization, existing)
    assets = await _named_assets(context, visible, asked.asset_ids)
    if asked.workspace_ids is not None:
        workspaces = {
            (await named_workspace(context, id, organization.id)).id for id in set(asked.workspace_ids)
        }
        assets = [asset for asset in assets if asset.workspace_id in workspaces]
    scope = _scope(context, organization.tenant_id, organization.time_zone, assets, asked)
    return scope._replace(has_all=len(assets) == len(existing))


async def workspace_scope(context: Context, workspace: WorkspaceRow, asked: Asked) -> Scope:
    visible = await context.loaders.assets_of_workspace.load(workspace.id)
    assets = await _named_assets(context, visible, asked.asset_ids)
    return _scope(context, workspace.tenant_id, workspace.time_zone, assets, asked)


def asset_scope(context: Context, asset: AssetRow, asked: Asked) -> Scope:
    keys = [AssetKeys(asset.id, asset.workspace_id, asset.organization_id)]
    return _scope(context, asset.tenant_id, asset.time_zone, keys, asked)


async def _visible_assets(
    context: Context, organization: OrganizationRow, assets: Sequence[AssetKeys]
) -> Sequence[AssetKeys]:
    """All of them for owners and admins; for members, those of the workspace whose token they hold."""
    role = await role_in(context.loaders, context.viewer, organization.id)
    if role in (Role.OWNER, Role.ADMIN) and context.viewer.workspace_id is None:
        return assets
    return [asset for asset in assets if asset.workspace_id == context.viewer.workspace_id]


async def _named_assets(
    context: Context, visible: Iterable[AssetKeys], ids: Sequence[str] | None
) -> Sequence[AssetKeys]:
    """Those of the visible ones that are named; NOT_FOUND where one that is named is not visible."""
    known = {asset.id: asset for asset in visible}
    if ids is None:
        return list(known.values())
    extensions = {"argument": "assetIds", "reason": "INVALID_ASSET"}
    public_ids = [public_id_of(Kind.ASSET, id, **extensions) for id in set(ids)]
    rows = await context.loaders.asset_by_public_id.load_many(public_ids)
    named = []
    for row in rows:
        if row is None or row.id not in known:
            raise no_such(Kind.ASSET, **extensions)
        named.append(known[row.id])
    return sorted(named)


def _scope(
    context: Context, tenant_id: int, reporting_zone: str, assets: Sequence[AssetKeys], asked: Asked
) -> Scope:
    return Scope(
        tenant_id,
        reporting_zone,
        tuple(asset.id for asset in assets),
        tuple(asset.workspace_id for asset in assets),
        span_of(asked.start, asked.end, zone_of(asked.time_zone), context.limits),
        domain_of(asked.domain),
        asked.time_zone or "UTC",
    )


def previous_scope(scope: Scope) -> Scope:
    earlier: Span = previous(scope.span)
    return scope._replace(span=earlier)


def visitors_key(scope: Scope) -> AssetVisitorsKey | None:
    """Of the reporting days that the range touches; None for one domain, by which nobody is told apart."""
    if scope.domain is not None:
        return None
    days = touched_days(scope.span, time_zone(scope.time_zone))
    return AssetVisitorsKey(scope.tenant_id, scope.time_zone, scope.assets, scope.has_all, *days)


def ranking_key(context: Context, scope: Scope, ranking: Ranking, first: int) -> RankingKey:
    if not 0 <= first <= context.limits.page_size:
        raise BadUserInput(
            f"`first` is a number from 0 to {context.limits.page_size}.",
            argument="first",
            reason="INVALID_PAGE_SIZE",
        )
    return RankingKey(scope, ranking, first)


def series_key(
    scope: Scope,
    *,
    view_type: str,
    action_types: Sequence[str] | None,
    interval: DateInterval,
    groups: Iterable[Group],
    zero_fill: bool,
    week_start: WeekStart,
) -> SeriesKey:
    zone = zone_of(scope.asked_zone)
    return SeriesKey(
        scope,
        view_type,
        _actions(view_type, action_types),
        interval,
        tuple(buckets(scope.span, interval, zone, week_start)),
        frozenset(groups),
        zero_fill,
    )


def _actions(view_type: str, action_types: Sequence[str] | None) -> tuple[Action, ...]:
    """All of the type's when null. Another pairing is BAD_USER_INPUT."""
    known = ACTIONS_OF[view_type]
    if action_types is None:
        return tuple(known.values())
    if not action_types:
        raise BadUserInput(
            "Name an action at least, or leave `actionTypes` out.",
            argument="actionTypes",
            reason="MISSING_ACTION_TYPE",
        )
    if not set(action_types) <= known.keys():
        raise BadUserInput(
            f"The views of {view_type} come about by {' and '.join(known)}.",
            argument="actionTypes",
            reason="INVALID_ACTION_TYPE",
        )
    return tuple(sorted({known[name] for name in action_types}))
