"""Publications, who makes them, and what is in them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ingest.deletions.tombstones import hidden_url
from ingest.publication_revisions import raise_revision
from ingest.row_totals import add_experiences
from ingest.topics import Topic, touch
from models import CoCreator, Experience, FormerUrl, Publication, SubjectKind
from resolvers.catalog.checks import checked
from resolvers.catalog.kind import CatalogKind, Draft, Most, ReadRow
from resolvers.catalog.references import Target
from resolvers.catalog.rehearsal import AnyTables
from resolvers.catalog.rows import CoCreatorRow, ExperienceRow, PublicationRow
from resolvers.catalog.tables import Change, Columns
from resolvers.catalog.verdicts import Refused
from resolvers.co_creators import MOST_CO_CREATORS
from resolvers.context import Limits
from resolvers.custom_urls import keep_url, take_url

_ID_BYTES = 16
_KEPT = timedelta(days=Limits().former_url_days)


async def refresh(session: AsyncSession, ids: set[int]) -> None:
    """Kept figures of these publications are no longer used, and subscriptions to them wake."""
    if ids:
        await raise_revision(session, col(Publication.id).in_(ids))
        touch(session, *(Topic(SubjectKind.PUBLICATION, id) for id in ids))


class PublicationKind(CatalogKind):
    name = "publication"
    row = PublicationRow
    model = Publication
    targets = (("owner", Target.USER),)
    known_by = (("legacy_id",), ("custom_url",))
    unique = (("legacy_id",), ("custom_url",))
    required = ("owner_id", "name", "custom_url")
    fixed = ("legacy_id", "owner_id")

    async def inspect(self, tables: AnyTables, drafts: Sequence[Draft]) -> None:
        urls = [url for draft in drafts if (url := draft.given.get("custom_url"))]
        kept = await tables.find(
            FormerUrl, ("url",), {(one,) for url in urls for one in (url, hidden_url(url))}
        )
        for draft in drafts:
            url = draft.given.get("custom_url")
            for row in [*kept[url,], *kept[hidden_url(url),]] if url else ():
                if row["publication_id"] is None or row["publication_id"] != draft.stored.get("id"):
                    draft.verdict = Refused("TAKEN", "Another publication had this customUrl until lately.")

    async def changed(self, session: AsyncSession, changes: Sequence[Change]) -> None:
        """Those that had another URL keep it from others."""
        now = datetime.now(UTC)
        for before, after in changes:
            if "custom_url" in after:
                await take_url(session, after["custom_url"], before["id"], now)
                await keep_url(session, before["custom_url"], before["id"], now + _KEPT)

    async def prepare(self, session: AsyncSession, rows: Sequence[Columns]) -> None:
        await refresh(session, {row["id"] for row in rows if "id" in row})


class OfPublication(CatalogKind):
    """A kind of rows that belong to publications."""

    async def prepare(self, session: AsyncSession, rows: Sequence[Columns]) -> None:
        await refresh(session, {row["publication_id"] for row in rows})


class CoCreatorKind(OfPublication):
    name = "coCreator"
    row = CoCreatorRow
    model = CoCreator
    targets = (("publication", Target.PUBLICATION), ("user", Target.USER))
    known_by = (("publication_id", "user_id"),)
    kept = ("created_at",)
    most = Most("publication_id", MOST_CO_CREATORS, "co-creators of a publication")

    async def inspect(self, tables: AnyTables, drafts: Sequence[Draft]) -> None:
        ids = {(draft.given["publication_id"],) for draft in drafts}
        found = await tables.find(Publication, ("id",), ids)
        owners = {id: rows[0]["owner_id"] for (id,), rows in found.items()}
        for draft in drafts:
            if owners[draft.given["publication_id"]] == draft.given["user_id"]:
                draft.verdict = Refused("OWNER_IS_NO_CO_CREATOR", "The owner is no co-creator.")


class ExperienceKind(OfPublication):
    """There is no column for the id of the other system, so the public id is made from it."""

    name = "experience"
    row = ExperienceRow
    model = Experience
    targets = (("publication", Target.PUBLICATION),)
    known_by = (("public_id",),)

    def columns(self, read: ReadRow) -> Columns:
        columns = super().columns(read)
        publication = read.named(Target.PUBLICATION, read.row.publication)
        own: list[object] = [int(columns["type"]), columns["title"], columns["published_at"].timestamp()]
        if read.row.legacy_id is not None:
            own = [checked("legacy_id", read.row.legacy_id, read.now)]
        return {**columns, "public_id": _public_id(publication["public_id"], *own)}

    async def added(self, session: AsyncSession, rows: Sequence[Columns]) -> None:
        await add_experiences(session, Counter((row["publication_id"], int(row["type"])) for row in rows))

    async def changed(self, session: AsyncSession, changes: Sequence[Change]) -> None:
        numbers: Counter[tuple[int, int]] = Counter()
        for before, after in changes:
            numbers[before["publication_id"], before["type"]] -= 1
            numbers[before["publication_id"], int({**before, **after}["type"])] += 1
        await add_experiences(session, {key: number for key, number in numbers.items() if number})


def _public_id(publication: UUID, *own: object) -> UUID:
    """Always the same for the same experience, as a UUID of version 8."""
    text = "\0".join(map(str, (publication, *own)))
    digest = blake2b(text.encode(), digest_size=_ID_BYTES).digest()
    bits = int.from_bytes(digest, "big")
    return UUID(int=(bits & ~(0xF << 76) & ~(0b11 << 62)) | (8 << 76) | (0b10 << 62))
