"""Where the demo's pictures are: at the address at which the demo is served."""

from sqlalchemy import update
from sqlmodel import col

from models import AssetFormat, AssetFormatType
from resolvers.context import Services
from server.demo.articles import ARTICLES
from server.demo.pictures import PATH


async def point_to_pictures(services: Services, address: str) -> None:
    """`address`: the scheme, the host and the port."""
    async with services.database.writing() as session:
        for article in ARTICLES:
            path = PATH.format(name=article.slug)
            await session.execute(
                update(AssetFormat)
                .where(
                    col(AssetFormat.type) == AssetFormatType.IMAGE,
                    col(AssetFormat.url).endswith(path),
                    col(AssetFormat.url) != f"{address}{path}",
                )
                .values(url=f"{address}{path}")
            )
