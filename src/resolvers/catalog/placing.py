"""Puts drafts into the database: finds the rows that they are about, and adds or changes these."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from resolvers.catalog.kind import CatalogKind, Draft, Outcome
from resolvers.catalog.rehearsal import AnyTables
from resolvers.catalog.tables import Columns, Found, Key, Names, key_names
from resolvers.catalog.verdicts import Refused, Verdict
from resolvers.text_arguments import camel


async def place(tables: AnyTables, kind: CatalogKind, drafts: Sequence[Draft], now: datetime) -> None:
    """Gives each draft its verdict."""
    left = drafts
    while left:
        turn, left = _apart(kind, left)
        await _recognise(tables, kind, turn)
        await kind.inspect(tables, _open(turn))
        await _keep_few(tables, kind, turn)
        await _keep_lists_few(tables, _open(turn))
        await _write(tables, kind, _open(turn), now)
        await _place_items(tables, _open(turn), now)
        for draft in _open(turn):
            draft.verdict = draft.verdict or Verdict.UNCHANGED


def _open(drafts: Sequence[Draft]) -> list[Draft]:
    return [draft for draft in drafts if not isinstance(draft.verdict, Refused)]


def _keys(kind: CatalogKind) -> tuple[Names, ...]:
    return tuple(dict.fromkeys((*kind.known_by, *kind.unique)))


def _key(given: Columns, names: Names) -> Key | None:
    key = tuple([given.get(name) for name in names])
    return None if None in key else key


def _apart(kind: CatalogKind, drafts: Sequence[Draft]) -> tuple[list[Draft], list[Draft]]:
    """Drafts that have no key in common, and the others, which come later."""
    seen: set[tuple[Names, Key]] = set()
    turn: list[Draft] = []
    later: list[Draft] = []
    for draft in drafts:
        keys = {(names, key) for names in _keys(kind) if (key := _key(draft.given, names)) is not None}
        (later if keys & seen else turn).append(draft)
        seen |= keys
    return turn, later


async def _recognise(tables: AnyTables, kind: CatalogKind, drafts: Sequence[Draft]) -> None:
    found: dict[Names, Found] = {}
    for names in _keys(kind):
        keys = {key for draft in drafts if (key := _key(draft.given, names)) is not None}
        found[names] = await tables.find(kind.model, names, keys)
    for draft in drafts:
        try:
            draft.stored = _stored(kind, draft.given, found)
            draft.changes = _changes(kind, draft, found)
        except Refused as refused:
            draft.verdict = refused


def _stored(kind: CatalogKind, given: Columns, found: Mapping[Names, Found]) -> Columns:
    for names in kind.known_by:
        key = _key(given, names)
        if key is not None and (rows := found[names][key]):
            return rows[0]
    if all(_key(given, names) is None for names in kind.known_by):
        raise Refused("MISSING_FIELD", f"It needs {_words(name for (name, *_) in kind.known_by)}.")
    return {}


def _changes(kind: CatalogKind, draft: Draft, found: Mapping[Names, Found]) -> Columns:
    given, stored = draft.given, draft.stored
    primary = key_names(kind.model)
    for names in kind.unique:
        name = names[-1]
        key = _key(given, names) if kind.takes(name, stored, given) else None
        for other in found[names][key] if key is not None else ():
            if not stored or any(other[name] != stored[name] for name in primary):
                raise Refused("TAKEN", f"Another {kind.name} has this {kind.words.get(name, _camel(name))}.")
    if not stored:
        missing = [name for name in kind.required if name not in given]
        if missing:
            raise Refused("MISSING_FIELD", f"A new {kind.name} needs {_words(missing, 'and')}.")
        return {}
    for name in kind.fixed:
        if name in given and stored[name] not in (None, given[name]):
            raise Refused("CANNOT_CHANGE", f"The {_camel(name)} of this {kind.name} is another one already.")
    return kind.changes(stored, given)


def _words(names: Sequence[str] | Iterator[str], last: str = "or") -> str:
    return f" {last} ".join(f"`{_camel(name)}`" for name in names)


def _camel(name: str) -> str:
    """The field of a column."""
    return camel(name if name == "legacy_id" else name.removesuffix("_id"))


async def _keep_few(tables: AnyTables, kind: CatalogKind, drafts: Sequence[Draft]) -> None:
    if kind.most is None:
        return
    column, number, words = kind.most
    new = [draft for draft in _open(drafts) if not draft.stored]
    known = await tables.find(kind.model, (column,), {(draft.given[column],) for draft in new})
    counts = Counter({key: len(rows) for (key,), rows in known.items()})
    for draft in new:
        counts[draft.given[column]] += 1
        if counts[draft.given[column]] > number:
            draft.verdict = Refused("TOO_MANY", f"At most {number} {words}.")


async def _keep_lists_few(tables: AnyTables, drafts: Sequence[Draft]) -> None:
    """Refuses what would have too many items, before anything of it is written."""
    for kind in dict.fromkeys(kind for draft in drafts for kind in draft.lists):
        if kind.most is None:
            continue
        column, number, words = kind.most
        longer = [draft for draft in drafts if draft.stored and kind in draft.lists]
        known = await tables.find(kind.model, (column,), {(draft.stored["id"],) for draft in longer})
        for draft in longer:
            stored = {_item_key(kind, row) for row in known[draft.stored["id"],]}
            new = {_item_key(kind, item) for item in draft.lists[kind]} - stored
            if new and len(stored) + len(new) > number:
                draft.verdict = Refused("TOO_MANY", f"At most {number} {words}.")


def _item_key(kind: CatalogKind, item: Columns) -> Key:
    """What makes it another one than the other items of its list."""
    return tuple([item.get(name) for name in kind.known_by[0] if name != kind.list_column])


async def _write(tables: AnyTables, kind: CatalogKind, drafts: Sequence[Draft], now: datetime) -> None:
    new = [draft for draft in drafts if not draft.stored]
    changed = [draft for draft in drafts if draft.stored and draft.changes]
    changes = [(draft.stored, draft.changes) for draft in changed]
    touched = [*(draft.given for draft in new), *({**row, **after} for row, after in changes)]
    if not touched:
        return
    await tables.beside(lambda session: kind.prepare(session, touched))
    rows = await kind.new(tables, [draft.given for draft in new], now)
    added = await tables.add(kind.model, rows)
    for draft, row in zip(new, added, strict=True):
        draft.stored, draft.verdict = row, Verdict.MADE
    await tables.change(kind.model, changes)
    for draft in changed:
        draft.verdict = Verdict.CHANGED
    await tables.beside(lambda session: kind.added(session, added))
    await tables.beside(lambda session: kind.changed(session, changes))


async def _place_items(tables: AnyTables, drafts: Sequence[Draft], now: datetime) -> None:
    """Items of lists go the way of rows. If one of them is refused, so is what it belongs to."""
    for kind in dict.fromkeys(kind for draft in drafts for kind in draft.lists):
        items = [
            (draft, Draft(draft.line, {**item, kind.list_column: draft.stored["id"]}))
            for draft in drafts
            for item in draft.lists.get(kind, ())
        ]
        await place(tables, kind, [item for _, item in items], now)
        for draft, item in items:
            draft.verdict = _together(draft.verdict, item.verdict)


def _together(verdict: Outcome, of_item: Outcome) -> Outcome:
    if isinstance(verdict, Refused) or isinstance(of_item, Refused):
        return verdict if isinstance(verdict, Refused) else of_item
    return verdict or (Verdict.CHANGED if of_item in (Verdict.MADE, Verdict.CHANGED) else None)
