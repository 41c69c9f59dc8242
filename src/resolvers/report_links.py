"""Links to reports. A link holds what was asked and who asked, and is signed. When it is opened, the same
is asked again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from auth.access import require
from auth.links import Link
from auth.sign_in import viewer_of_claims
from base.calendar import Span
from base.errors import BadUserInput, Forbidden, NotFound, Unauthenticated
from base.ids import InvalidId, Kind, global_id, parse_global_id
from loaders.asset_metrics import Choice, Scope
from reports import CsvDialect, CsvSeparator, ReportForm, ReportFormat, ReportRows
from resolvers.asset_metrics import ScopeArguments, asset_scope, organization_scope, workspace_scope
from resolvers.claims import claims_of
from resolvers.context import Context
from resolvers.organizations import INSIDERS, find_asset, find_organization, find_workspace
from resolvers.reports import ReportFileKey

_MOST_IDS = 100
"""The most ids in a link, because some proxies refuse addresses of more than 8,000 characters."""


class _Question(msgspec.Struct, omit_defaults=True):
    of: str
    format: ReportFormat
    start: datetime
    end: datetime
    """Not included."""
    zone: str
    domain: str | None = None
    workspaces: list[str] | None = None
    assets: list[str] | None = None
    separator: CsvSeparator = CsvSeparator.COMMA
    decimal_comma: bool = False
    rows: ReportRows = ReportRows.DEVICES


async def report_url(context: Context, key: ReportFileKey) -> str:
    """An absolute address, under the one that the request came in by. Raises BAD_USER_INPUT if it cannot
    hold all ids."""
    choices, span = key.scope.choices, key.scope.span
    if len(choices.workspaces or ()) + len(choices.assets or ()) > _MOST_IDS:
        raise BadUserInput(
            f"A link holds {_MOST_IDS} ids at most: ask for the `document` instead.",
            argument="assetIds",
            reason="TOO_MANY",
        )
    question = _Question(
        of=global_id(choices.kind, choices.of.public_id),
        format=key.form.format,
        start=span.start,
        end=span.end,
        zone=key.scope.asked_zone,
        domain=key.scope.domain,
        workspaces=_ids(Kind.WORKSPACE, choices.workspaces),
        assets=_ids(Kind.ASSET, choices.assets),
        separator=key.form.dialect.separator,
        decimal_comma=key.form.dialect.has_decimal_comma,
        rows=key.form.rows,
    )
    # A link outlives the sign-in that asked for it, but no change of the password.
    claims = (await claims_of(context))._replace(sign_in=None)
    link = Link(claims, msgspec.to_builtins(question))
    return f"{context.base_url()}reports/{context.services.links.sign(link, context.now)}"


def _ids(kind: Kind, choices: Sequence[Choice] | None) -> list[str] | None:
    return None if choices is None else [global_id(kind, choice.public_id) for choice in choices]


async def linked_report(context: Context, link: Link) -> ReportFileKey:
    """Makes the user who asked for the link the viewer.

    Raises NOT_FOUND. It is the same for something that is gone, and if the viewer may no longer see it.
    """
    try:
        question = msgspec.convert(link.question, _Question)
        context.viewer = await viewer_of_claims(link.claims, context.loaders)
        scope = await _scope(context, question)
    except (Unauthenticated, Forbidden, NotFound, InvalidId, msgspec.ValidationError):
        raise NotFound("There is no such report.") from None
    dialect = CsvDialect(question.separator, question.decimal_comma)
    return ReportFileKey(scope, ReportForm(question.format, dialect, question.rows))


async def _scope(context: Context, question: _Question) -> Scope:
    """The scope, by the same rules of access as when it was first asked for."""
    span = Span(question.start, question.end)
    asked = ScopeArguments(span, question.zone, question.domain, question.workspaces, question.assets)
    row: Any
    match parse_global_id(question.of)[0]:
        case Kind.ORGANIZATION:
            row = await find_organization(context, question.of)
            await require(context.loaders, context.viewer, INSIDERS, row)
            return await organization_scope(context, row, asked)
        case Kind.WORKSPACE:
            row = await find_workspace(context, question.of)
            await require(context.loaders, context.viewer, INSIDERS, row)
            return await workspace_scope(context, row, asked)
        case _:
            row = await find_asset(context, question.of)
            await require(context.loaders, context.viewer, INSIDERS, row)
            return asset_scope(row, asked)
