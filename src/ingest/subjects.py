"""Subjects by the ids that senders know, remembered for a while: the same few come again and again."""

from asyncio import gather
from collections.abc import Hashable, Iterable, Mapping
from typing import Any
from uuid import UUID

from cachetools import TTLCache

from base.ids import InvalidId, Kind, parse_global_id
from ingest.wire import SOURCES, WireSubject
from loaders.base import Loaders
from loaders.subjects import AssetSubject, ProfileSubject, PublicationSubject, Subject, WorkKey, WorkSubject

_REMEMBERED = 100_000
_SECONDS = 60
_SECONDS_OF_A_RIGHT = 5


class Subjects:
    """Outlives requests. Holds facts about subjects, which are the same for every sender."""

    def __init__(self) -> None:
        self._known: TTLCache[WireSubject, Subject] = TTLCache(_REMEMBERED, _SECONDS)

    async def find(self, loaders: Loaders, asked: Iterable[WireSubject]) -> Mapping[WireSubject, Subject]:
        """Those that are there."""
        wanted = set(asked)
        found = {subject: known for subject in wanted if (known := self._known.get(subject))}
        missing = [subject for subject in wanted if subject not in found]
        if missing:
            rows = await gather(*(_find(loaders, one) for one in missing))
            for subject, row in zip(missing, rows, strict=True):
                if row is not None:
                    found[subject] = self._known[subject] = row
        return found


class Reporters:
    """Who was allowed to report on what, remembered for a few seconds. Outlives requests.

    Only what was allowed: whoever joins may report at once, whoever leaves may for those seconds.
    """

    def __init__(self) -> None:
        self._allowed: TTLCache[tuple[Hashable, Subject], bool] = TTLCache(_REMEMBERED, _SECONDS_OF_A_RIGHT)

    def allow(self, who: Hashable, subject: Subject) -> None:
        self._allowed[who, subject] = True

    def are_known(self, who: Hashable, subject: Subject) -> bool:
        return (who, subject) in self._allowed


async def _find(loaders: Loaders, subject: WireSubject) -> Subject | None:
    given = [value for value in (getattr(subject, name) for name in subject.__struct_fields__) if value]
    if len(given) != 1:
        return None
    if subject.publication_id:
        return await _by_id(Kind.PUBLICATION, subject.publication_id, loaders[PublicationSubject])
    if subject.asset_id:
        return await _by_id(Kind.ASSET, subject.asset_id, loaders[AssetSubject])
    if subject.profile_user_id:
        return await _by_id(Kind.USER, subject.profile_user_id, loaders[ProfileSubject])
    assert subject.work
    user = _public_id(Kind.USER, subject.work.user_id)
    if user is None:
        return None
    key = WorkKey(user, SOURCES[subject.work.source_type], subject.work.item_id)
    return await loaders[WorkSubject].load(key)


async def _by_id(kind: Kind, id: str, loader: Any) -> Subject | None:
    public_id = _public_id(kind, id)
    if public_id is None:
        return None
    subject: Subject | None = await loader.load(public_id)
    return subject


def _public_id(kind: Kind, id: str) -> UUID | None:
    try:
        found, public_id = parse_global_id(id)
    except InvalidId:
        return None
    return public_id if found is kind else None
