"""The figures that can be explained, by the kind of their subject and by their names in the schema."""

from collections.abc import Mapping
from typing import Any

from figures.assets import IN_SCHEMA
from figures.engagement import ENGAGEMENT, TAKEN_BACK
from figures.figure import Figure, Figures
from figures.insights import PLAYS, PROFILE_SEARCHES, PROFILE_VIEWS
from figures.visitors import VISITORS
from models import SubjectKind

UNIQUE_VISITORS = VISITORS[0]
"""The estimate stands for the whole type UniqueVisitors."""


def _named(figures: Figures, prefix: str = "") -> dict[str, Figure[Any]]:
    return {f"{prefix}{figure.name}": figure for figure in figures}


FIGURES: Mapping[SubjectKind, Mapping[str, Figure[Any]]] = {
    SubjectKind.PUBLICATION: {
        **_named(ENGAGEMENT),
        **_named(TAKEN_BACK, "takenBack."),
        "uniqueVisitors": UNIQUE_VISITORS,
    },
    SubjectKind.ASSET: {**_named(IN_SCHEMA), "uniqueVisitors": UNIQUE_VISITORS},
    SubjectKind.PROFILE: _named((PROFILE_VIEWS, PROFILE_SEARCHES)),
    SubjectKind.WORK: _named((PLAYS,)),
}
