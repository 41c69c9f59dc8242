"""The subjects that a user's table names, as events and totals name them."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from base.ids import Kind, global_id
from base.kinds import SUBJECT_OF, TAKES_BACK, Action, SubjectKind
from exports.drafts import Suggestion
from exports.found import PAGEVIEW, VISIT
from exports.mapping import IGNORE, Rule, Rules, What
from ingest.wire import WireSource, WireSubject, WireWork
from loaders.assets import AssetByPublicId, AssetsByLegacyId
from loaders.people import UserByLegacyId, UserByPublicId, UserByUsername
from loaders.publications import PublicationByLegacyId, PublicationByPublicId, PublicationByUrl
from resolvers.context import Context
from resolvers.ids import found

_ACTIONS = {action.name: action for action in Action if action not in TAKES_BACK}
_SUGGESTED = {PAGEVIEW: Action.VIEW.name, VISIT: Action.VIEW.name, "share": Action.SHARE.name}


class InvalidRule(ValueError):
    """The message names the line and says what is wrong."""


class Meaning(NamedTuple):
    subject: WireSubject
    action: Action


Meanings: TypeAlias = Mapping[Rule, Meaning | None]
"""None for what is left out on purpose."""


async def meanings_of(context: Context, rules: Rules) -> Meanings:
    """Raises InvalidRule."""
    every = list(rules)
    return dict(zip(every, await gather(*(_meaning(context, rule) for rule in every)), strict=True))


async def suggestions_for(context: Context, every: Iterable[What]) -> Mapping[What, Suggestion]:
    """The publication whose `customUrl` stands at the end of a path."""
    by_end = {what: _end_of(what.path) for what in every if what.event.lower() in _SUGGESTED}
    urls = list({end for end in by_end.values() if end})
    rows = await context.loaders[PublicationByUrl].load_many(urls)
    known = {url for url, row in zip(urls, rows, strict=True) if row}
    return {
        what: Suggestion(end, _SUGGESTED[what.event.lower()]) for what, end in by_end.items() if end in known
    }


def _end_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].lower()


async def _meaning(context: Context, rule: Rule) -> Meaning | None:
    if rule.action == IGNORE:
        return None
    action = _ACTIONS.get(rule.action)
    if action is None:
        raise InvalidRule(f"Line {rule.line}: {rule.action!r} is none of {', '.join((*_ACTIONS, IGNORE))}.")
    kind = SUBJECT_OF[action]
    subjects = await _FINDERS[kind](context, rule.subject)
    if not subjects:
        raise InvalidRule(
            f"Line {rule.line}: {action.name} needs {_WORDS[kind]}, and {rule.subject!r} is none."
        )
    if len(subjects) > 1:
        raise InvalidRule(
            f"Line {rule.line}: {rule.subject!r} is the id of more than one: write a global id."
        )
    return Meaning(subjects.pop(), action)


async def _publications(context: Context, id: str) -> set[WireSubject]:
    loaders = context.loaders
    rows = await gather(
        found(Kind.PUBLICATION, id, loaders[PublicationByPublicId].load, loaders[PublicationByLegacyId].load),
        loaders[PublicationByUrl].load(id),
    )
    return {WireSubject(publication_id=global_id(Kind.PUBLICATION, row.public_id)) for row in rows if row}


async def _assets(context: Context, id: str) -> set[WireSubject]:
    loaders = context.loaders
    row, others = await gather(
        found(Kind.ASSET, id, loaders[AssetByPublicId].load), loaders[AssetsByLegacyId].load(id)
    )
    rows = [row] if row else others
    return {WireSubject(asset_id=global_id(Kind.ASSET, row.public_id)) for row in rows}


async def _profiles(context: Context, id: str) -> set[WireSubject]:
    loaders = context.loaders
    rows = await gather(
        found(Kind.USER, id, loaders[UserByPublicId].load, loaders[UserByLegacyId].load),
        loaders[UserByUsername].load(id),
    )
    return {WireSubject(profile_user_id=global_id(Kind.USER, row.public_id)) for row in rows if row}


async def _works(context: Context, id: str) -> set[WireSubject]:
    """Such as `usr_.../YOUTUBE/dQw4w9WgXcQ`."""
    user_id, source, item_id = (*id.split("/", 2), "", "")[:3]
    if source not in WireSource.__members__:
        return set()
    subject = WireSubject(work=WireWork(user_id, WireSource[source], item_id))
    return set(await context.services.subjects.find(context.loaders, {subject}))


_FINDERS: Mapping[SubjectKind, Callable[[Context, str], Awaitable[set[WireSubject]]]] = {
    SubjectKind.PUBLICATION: _publications,
    SubjectKind.ASSET: _assets,
    SubjectKind.PROFILE: _profiles,
    SubjectKind.WORK: _works,
}
_WORDS: Mapping[SubjectKind, str] = {
    SubjectKind.PUBLICATION: "the global id, legacy id or customUrl of a publication",
    SubjectKind.ASSET: "the global id or legacy id of an asset",
    SubjectKind.PROFILE: "the global id, legacy id or username of a user",
    SubjectKind.WORK: "a work such as usr_.../YOUTUBE/dQw4w9WgXcQ",
}
