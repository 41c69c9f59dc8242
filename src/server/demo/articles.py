"""What the demo's organization sells: the models that stand in its catalog."""

from typing import NamedTuple

from models import AssetFormatType

GLB, USDZ, IMAGE = AssetFormatType.GLB, AssetFormatType.USDZ, AssetFormatType.IMAGE

WORKSPACES = ("Furniture", "Lighting", "Outdoor")
SITES = ("shop.example.com", "news.example.org", "vntana.com", "mywebsite.com")


class Article(NamedTuple):
    name: str
    workspace: int
    views: float = 0.0
    """On a usual day at the start of the year."""
    growth: float = 0.0
    """What the year adds to that, as a part of it; less than 0 if the article goes out of fashion."""
    launch: int = 0
    """The day of the year on which it comes out. Many look at it in the first days."""
    summer: float = 0.0
    """How much more of it is seen in July, and less in January, as a part."""
    megabytes: float = 4.0
    allowed: tuple[str, ...] = ()
    """The sites that may show it. An empty list means all."""

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")

    @property
    def sites(self) -> tuple[str | None, ...]:
        """Where it is seen. Of four views one comes from no known site, if that is allowed."""
        return self.allowed or (*SITES[:3], None)


ARTICLES = (
    # It has just come into the catalog, and no page shows it yet.
    Article("Oak Chair", 0, megabytes=3.1),
    Article("Round Table", 0, 5.0, growth=0.6),
    Article("Floor Lamp", 1, 4.0, growth=0.3),
    Article("Lounge Sofa", 0, 3.0, growth=1.5, megabytes=11.4),
    Article("Bookcase", 0, 2.5, growth=-0.4, allowed=("shop.example.com", "mywebsite.com")),
    Article("Writing Desk", 0, 2.0, growth=0.2),
    Article("Pendant Light", 1, 2.5, growth=0.8, megabytes=2.2),
    Article("Desk Lamp", 1, 1.5, growth=0.1),
    Article("Wall Light", 1, 1.0, growth=0.5, allowed=("vntana.com", "mywebsite.com")),
    Article("Garden Bench", 2, 2.0, summer=0.7),
    Article("Sun Lounger", 2, 2.0, growth=0.2, launch=240, summer=0.5, megabytes=6.8),
    Article("Parasol", 2, 1.5, summer=0.9),
    Article("Fire Bowl", 2, 1.0, growth=0.4, summer=-0.5),
)
"""The first one has no views; all others have some."""
