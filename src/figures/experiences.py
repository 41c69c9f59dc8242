"""The figures of what a publication offers."""

from figures.figure import Figure, Figures
from figures.folds import Sum
from models import ExperienceType


def _of(name: str, type: ExperienceType) -> Figure[int]:
    return Figure(
        name,
        Sum(type),
        "experiences",
        f"How many experiences of the type {type.name} the publication has published.",
    )


EXPERIENCES: Figures = (
    _of("aiExpert", ExperienceType.AI_EXPERT),
    _of("aiNote", ExperienceType.AI_NOTE),
    _of("quest", ExperienceType.QUEST),
    _of("podcast", ExperienceType.PODCAST),
    Figure(
        "total",
        Sum(*ExperienceType),
        "experiences",
        "How many experiences of all types the publication has published.",
    ),
)
