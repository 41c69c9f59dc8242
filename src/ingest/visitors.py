"""Visitors without their names: keyed hashes, and salts that are destroyed so that hashes are of no use
later.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import blake2b
from secrets import token_bytes
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, exists, select

from base.arrays import ENOUGH_TO_READ, are_for_arrays, numpy
from base.calendar import day_of
from base.key_ids import key_id
from base.networks import network_of
from base.time_units import DAY
from database import Database, Statement, erase_rows, insert_into
from ingest.columns import SALTS
from models import NAMED_BYTES, Day, VisitorSalt

PASSING_BYTES = 15
"""Another length than NAMED_BYTES, so that named visitors are found without the others. Some of them turn out
to be users.
"""

PLACEHOLDERS = frozenset(
    ("undefined", "null", "none", "nil", "nan", "unknown", "anonymous", "n/a", "not set", "object object")
)
"""What programs write if they have no name, also in brackets of any kind."""
_BRACKETS = "()[]{}<>\"'"
_USUAL = re.compile(r"(?=[ -~]*[1-9])[0-9A-Za-z](?:[ -~]*[0-9A-Za-z])?")
"""No placeholder has such a digit, and nothing has to be cut off. Most names are of this form."""
_PRINTABLE, _ALPHANUMERIC, _TELLING = 1, 2, 4
_CLASSES_OF_SIGNS = bytes(
    _PRINTABLE * (" " <= sign <= "~")
    | _ALPHANUMERIC * (sign.isascii() and sign.isalnum())
    | _TELLING * (sign in "123456789")
    for sign in map(chr, range(256))
)
"""Of each ASCII sign, what `_USUAL` asks of it."""
_NIL = re.compile(r"(?:urn:uuid:)?\{?(?:0{8}-?0{4}-?0{4}-?0{4}-?0{12}|f{8}-?f{4}-?f{4}-?f{4}-?f{12})\}?")


def name_of(text: str | None) -> str | None:
    """The name without blanks around it; None if it is empty, or stands for no name."""
    if text and _USUAL.fullmatch(text):
        return text
    name = (text or "").strip()
    folded = name.casefold()
    if folded.strip(_BRACKETS) in PLACEHOLDERS or _NIL.fullmatch(folded):
        return None
    return name if name.strip(_BRACKETS + "-_ ") else None


def visitor_named(key: bytes, tenant_id: int, text: str) -> bytes | None:
    """The hash of a name; None if the text is no name. It is not remembered: names of people would stay in
    memory.
    """
    name = name_of(text)
    return None if name is None else named_visitor(key, tenant_id, name)


def named_visitor(key: bytes, tenant_id: int, name: str) -> bytes:
    """A hash of the sender's own name for a person. It stays the same for as long as the key does. Each
    tenant has another hash.
    """
    hashed = _begun(key, tenant_id).copy()
    hashed.update(name.encode())
    digest: bytes = hashed.digest()
    return digest


def visitors_named(
    key: bytes, tenant_ids: Sequence[int], texts: Sequence[str | None]
) -> Sequence[bytes | None]:
    """The same as `visitor_named` for each of them."""
    if not any(texts):
        return [None] * len(texts)
    begun = {tenant_id: _begun(key, tenant_id).copy for tenant_id in set(tenant_ids)}
    hashes: list[bytes | None] = []
    for tenant_id, name in zip(tenant_ids, _names_of(texts), strict=True):
        if name is None:
            hashes.append(None)
        else:
            hashed = begun[tenant_id]()
            hashed.update(name.encode())
            hashes.append(hashed.digest())
    return hashes


def _names_of(texts: Sequence[str | None]) -> Sequence[str | None]:
    is_worth_it = are_for_arrays(texts, ENOUGH_TO_READ)
    if is_worth_it and all(texts) and are_usual(cast(Sequence[str], texts)):
        return texts
    return [None if text is None else name_of(text) for text in texts]


def are_usual(texts: Sequence[str]) -> bool:
    """Whether each of these texts, none of which is empty, has the form of `_USUAL`."""
    arrays = numpy()
    lengths = arrays.fromiter(map(len, texts), "i8", len(texts))
    text = "".join(texts)
    if not text.isascii():
        return False
    signs = arrays.frombuffer(_CLASSES_OF_SIGNS, "u1")[arrays.frombuffer(text.encode(), "u1")]
    stops = lengths.cumsum()
    starts = stops - lengths
    ends = signs[starts] & signs[stops - 1]
    return bool(
        (ends & _ALPHANUMERIC).all()
        and (signs & _PRINTABLE).all()
        and arrays.bitwise_or.reduceat(signs & _TELLING, starts).all()
    )


class VisitorKeys:
    """The secrets under which visitors are hashed. The first is used. The others open salts that were made
    with them.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.use(keys)

    def use(self, keys: Sequence[bytes]) -> None:
        """From now on, these are the secrets."""
        self.current = keys[0]
        self._by_id = {key_id("visitor key", key): key for key in keys}

    @property
    def current_id(self) -> str:
        return key_id("visitor key", self.current)

    def named(self, id: str | None) -> bytes:
        """The one that is used if there is none with this id."""
        return self._by_id.get(id or "", self.current)


@lru_cache(maxsize=1_024)
def _begun(key: bytes, tenant_id: int) -> Any:
    """A hash that begins with the tenant. It is copied for each name: to make one takes longer."""
    return blake2b(f"{tenant_id}:".encode(), digest_size=NAMED_BYTES, key=_short(key))


@lru_cache(maxsize=8)
def _short(key: bytes) -> bytes:
    """A key of BLAKE2b may have at most 64 bytes."""
    return blake2b(key, digest_size=32).digest()


def passing_visitor(salt: bytes, tenant_id: int, address: str, agent: str) -> bytes:
    """A hash of somebody's browser. It stays the same for a day. Each tenant has another hash."""
    # Browsers change their addresses within an IPv6 network of 64 bits every few hours.
    passing = f"{tenant_id}\n{network_of(address)}\n{agent}".encode()
    return blake2b(passing, digest_size=PASSING_BYTES, key=salt).digest()


class SaltsOfNow(NamedTuple):
    """The salts that exist at an instant: of the current day in UTC, the day before and the day after.

    So each time zone on earth has the salt of its own day. An event that comes a little late finds the salt
    of the day on which it happened.
    """

    today: date
    """In UTC."""
    by_day: Mapping[date, bytes]

    def of_day(self, day: date, now: datetime, zone: ZoneInfo) -> bytes:
        """The salt of the local day on which it happened. If that is gone, the salt of the day on which it
        came.
        """
        return self.by_day.get(day) or self.by_day[day_of(now, zone)]


class _Seed(NamedTuple):
    bytes: bytes
    keyed_by: str | None


class Salts:
    """A salt for each date. Tenants of all time zones use it for that date, and all workers share it.

    The database has a seed of each, and the salt is made from the seed with the key: neither is of use alone.
    When the seed is gone, nobody can make the salt any more, not even with the key. A date keeps the key with
    which its salt was made first, so that a change of keys makes no visitor of that date another one.
    """

    _kept = Statement(
        select(SALTS.day, SALTS.salt, SALTS.keyed_by).where(SALTS.day > bindparam("day", type_=Day())),
        lambda day, seed, keyed_by: (day, _Seed(seed, keyed_by)),
    )
    _old = Statement(
        select(exists().where(SALTS.day <= bindparam("day", type_=Day()))), lambda are_there: bool(are_there)
    )

    def __init__(self, database: Database, keys: VisitorKeys) -> None:
        self._database = database
        self._keys = keys
        self._now: SaltsOfNow | None = None
        self._are_erased = False
        """Whether the destroyed salts are also gone from all files, as far as this worker knows."""

    def known(self, now: datetime) -> SaltsOfNow | None:
        """The same as `at`, if it has them already."""
        known = self._now
        return known if known and known.today == now.astimezone(UTC).date() else None

    async def at(self, now: datetime) -> SaltsOfNow:
        today = now.astimezone(UTC).date()
        if self._now is None or self._now.today != today:
            days = [today - DAY, today, today + DAY]
            seeds = await self._seeds(days[0] - DAY)
            if not seeds.keys() >= set(days):
                await self._make(days)
                seeds = await self._seeds(days[0] - DAY)
            self._now = SaltsOfNow(today, {day: self._salt(seeds[day]) for day in days})
        return self._now

    async def destroy_old(self, now: datetime) -> None:
        """Destroys the salts whose day began 48 hours ago in UTC, or earlier."""
        today = now.astimezone(UTC).date()
        if self._now and self._now.today < today:
            self._now = None
        last = today - 2 * DAY
        (are_there,) = await self._database.fetch(self._old, day=last)
        if are_there or not self._are_erased:
            self._are_erased = await erase_rows(self._database, VisitorSalt, SALTS.day <= last)

    def _salt(self, seed: _Seed) -> bytes:
        return blake2b(seed.bytes, digest_size=32, key=_short(self._keys.named(seed.keyed_by))).digest()

    async def _seeds(self, after: date) -> dict[date, _Seed]:
        return dict(await self._database.fetch(self._kept, day=after))

    async def _make(self, days: list[date]) -> None:
        keyed_by = self._keys.current_id
        rows = [{"day": day, "salt": token_bytes(32), "keyed_by": keyed_by} for day in days]
        async with self._database.writing() as session:
            await session.execute(insert_into(session, VisitorSalt).values(rows).on_conflict_do_nothing())
