"""The figures of publications that their owners show to everybody."""

from collections.abc import Sequence
from typing import NamedTuple

from figures.engagement import PublicFigure
from loaders.base import Loader, Loaders
from loaders.cached import CachedKey
from loaders.engagement import EngagementKey, EngagementOfPublication


class SharedFigureRow(NamedTuple):
    figure: PublicFigure
    value: int


class SharedKey(NamedTuple):
    figures: tuple[PublicFigure, ...]
    """Those that are shown, in this order."""
    engagement: CachedKey[EngagementKey]


class SharedFiguresOfPublication(Loader[SharedKey, tuple[SharedFigureRow, ...]]):
    reads = (EngagementOfPublication,)

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._engagement = loaders[EngagementOfPublication]

    async def batch_load_fn(self, keys: Sequence[SharedKey]) -> list[tuple[SharedFigureRow, ...]]:
        found = await self._engagement.in_order([key.engagement for key in keys])
        return [
            tuple(SharedFigureRow(figure, figure.value.of(engagement.totals)) for figure in key.figures)
            for key, engagement in zip(keys, found, strict=True)
        ]
