from uuid import UUID

import pytest

from base.ids import global_id
from base.kinds import Kind
from ingest.subject_cache import key_of
from ingest.wire import WireSource, WireSubject, WireWork
from loaders.subjects import SubjectKey
from models import SourceType, SubjectKind

ID = UUID("0188beed-4200-7111-8111-111111111111")
PUBLICATION, ASSET, USER = (global_id(kind, ID) for kind in (Kind.PUBLICATION, Kind.ASSET, Kind.USER))


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        (WireSubject(publication_id=PUBLICATION), SubjectKey(SubjectKind.PUBLICATION, (ID,))),
        (WireSubject(asset_id=ASSET), SubjectKey(SubjectKind.ASSET, (ID,))),
        (WireSubject(profile_user_id=USER), SubjectKey(SubjectKind.PROFILE, (ID,))),
        (
            WireSubject(work=WireWork(USER, WireSource.YOUTUBE, "abc")),
            SubjectKey(SubjectKind.WORK, (ID, SourceType.YOUTUBE, "abc")),
        ),
    ],
)
def test_each_kind_is_looked_up_by_what_its_field_names(subject: WireSubject, key: SubjectKey) -> None:
    assert key_of(subject) == key


@pytest.mark.parametrize(
    "subject",
    [
        WireSubject(),
        WireSubject(publication_id=""),
        WireSubject(publication_id=PUBLICATION, asset_id=ASSET),
        WireSubject(publication_id=ASSET),
        WireSubject(asset_id=USER),
        WireSubject(profile_user_id=PUBLICATION),
        WireSubject(work=WireWork(ASSET, WireSource.YOUTUBE, "abc")),
        WireSubject(publication_id=str(ID)),
    ],
)
def test_what_names_no_subject_or_several_is_not_looked_up(subject: WireSubject) -> None:
    assert key_of(subject) is None
