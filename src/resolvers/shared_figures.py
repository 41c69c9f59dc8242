"""What the owner of a publication shows of its figures to everybody."""

from collections.abc import Sequence

from figures.engagement import PublicFigure
from loaders.publications import PublicationRow
from loaders.shared_figures import SharedKey
from resolvers.metrics import key_of_all_time


def shared_key(publication: PublicationRow) -> SharedKey | None:
    """None if the owner shows none: then nothing is counted."""
    names = (publication.shared_figures or "").split(",")
    figures = tuple(PublicFigure[name] for name in names if name in PublicFigure.__members__)
    return SharedKey(figures, key_of_all_time(publication, None)) if figures else None


def stored(figures: Sequence[PublicFigure]) -> str | None:
    """For the column: each figure once, in the order in which they were given first."""
    return ",".join(dict.fromkeys(figure.name for figure in figures)) or None
