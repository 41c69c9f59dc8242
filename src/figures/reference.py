"""The page of the documentation that is made from the tables of figures; `make docs` writes it."""

import sys
from collections.abc import Mapping

from figures.assets import ASSETS
from figures.engagement import ENGAGEMENT, TAKEN_BACK
from figures.experiences import EXPERIENCES
from figures.figure import Figure, Figures
from figures.insights import INSIGHT, WORK
from figures.scores import INSIGHT_SCORE, SCORE_PARTS
from figures.visitors import VISITORS

BY_TYPE: Mapping[str, Figures] = {
    "EngagementMetrics": ENGAGEMENT,
    "TakenBack": TAKEN_BACK,
    "AssetMetrics": ASSETS,
    "UniqueVisitors": VISITORS,
    "ExperienceCounts": EXPERIENCES,
    "UserInsight": (*INSIGHT, INSIGHT_SCORE),
    "InsightScoreParts": SCORE_PARTS,
    "Work": WORK,
}
"""All figures, by the schema type that has them. Figures that are not in the schema are only in reports."""

_HEAD = """\
# Figures

*For everybody who reads a number and asks what it is made of.*

A formula is made of actions and of other figures. An action, such as `VIEW`, stands for the number of its
events within the range. `UNLIKE`, `UNBOOKMARK`, `UNCOMMENT` and `CANCEL` take something back. `ENGAGED_VIEW`
stands for views, each of which counts at its first interaction. [counting.md](counting.md) says when each
action counts. A ratio is 0 if it would be divided by 0.

This page is made from `src/figures/` by `make docs`.
"""
_COLUMNS = ("figure", "unit", "formula", "what it is")


def figures_page() -> str:
    return _HEAD + "".join(_section(type, figures) for type, figures in BY_TYPE.items())


def _section(type: str, figures: Figures) -> str:
    of_reports = any(figure.column for figure in figures)
    columns = [*_COLUMNS, *(["in reports"] if of_reports else [])]
    rows = [columns, ["---"] * len(columns), *(_row(figure, of_reports) for figure in figures)]
    return f"\n## {type}\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(figure: Figure[object], of_reports: bool) -> list[str]:
    row = [str(figure), figure.unit, str(figure.fold), figure.words]
    return [*row, figure.column.heading if figure.column else "none"] if of_reports else row


if __name__ == "__main__":
    sys.stdout.write(figures_page())
