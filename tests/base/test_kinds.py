from uuid import UUID

import pytest

from base.ids import global_id, public_id_in
from base.kinds import Kind

ID = UUID("0188beed-4200-7111-8111-111111111111")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("asked", Kind)
def test_a_global_id_is_of_one_kind_alone(kind: Kind, asked: Kind) -> None:
    assert public_id_in(global_id(kind, ID), asked) == (ID if kind is asked else None)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_word_for_errors(kind: Kind) -> None:
    assert kind.word


def test_what_is_no_global_id_is_of_no_kind() -> None:
    assert [
        public_id_in(text, Kind.USER) for text in ("", "usr_", "col_AYi-7UIAcRGBEREREREREQ", str(ID))
    ] == [None] * 4
