from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.inputs import changeable, given, optional
from graph.scalars import BigInt
from graph.types.assets import Asset
from graph.types.payloads import CreateAssetPayload, DeletePayload, UpdateAssetPayload
from models import AssetFormatType
from resolvers import assets, deletions
from resolvers.assets import GivenFormat


@strawberry.input(description="An optimized file of a 3D model.")
class AssetFormatInput:
    type: AssetFormatType = described("What kind of file it is.")
    url: str = described("The address of the file: http or https, at most 2,000 characters.")
    size_bytes: BigInt | None = optional("Its size in bytes, if it is known.")


@strawberry.input(description="A new asset of a workspace.")
class CreateAssetInput:
    workspace_id: strawberry.ID = described("The global id of the workspace that it belongs to.")
    name: str = described("1 to 200 characters; blanks around them are dropped.")
    formats: list[AssetFormatInput] | None = optional(
        "The optimized files of its 3D model, at most 100; none when left out."
    )
    domains: list[str] | None = optional(
        "The only sites from which its events count, such as `example.com`: at most 100. Each stands for "
        "all of its other names in `domainAliases`, too; `*.example.com` means all sites below that one. "
        "When the list is empty or left out, all sites count. An empty text is no site: INVALID_DOMAIN."
    )


@strawberry.input(
    description="What to change of an asset. What is left out stays as it is; null is BAD_USER_INPUT, with "
    "the reason NULL."
)
class UpdateAssetInput:
    id: strawberry.ID = described("The asset's global id.")
    name: str | None = changeable("1 to 200 characters; blanks around them are dropped.")
    formats: list[AssetFormatInput] | None = changeable(
        "All of its files, at most 100: files that are not in the list are removed."
    )
    domains: list[str] | None = changeable(
        "The only sites from which its events count, at most 100: sites that are not in the list are "
        "removed. `*.example.com` means all sites below that one. When the list is empty, all sites count."
    )


@strawberry.type
class AssetMutations:
    """Assets, with their files and sites."""

    @mutation(TokenScope.WORKSPACE)
    async def create_asset(
        self, info: Info, input: Annotated[CreateAssetInput, argument("The asset to make.")]
    ) -> CreateAssetPayload | None:
        """Makes an asset. Owners and admins of the organization may do so, and members with the
        workspace's token."""
        row = await assets.create_asset(
            info.context,
            input.workspace_id,
            name=input.name,
            formats=_formats(input.formats or []),
            domains=input.domains or (),
        )
        return CreateAssetPayload(asset=Asset.of(row))

    @mutation(TokenScope.WORKSPACE)
    async def update_asset(
        self, info: Info, input: Annotated[UpdateAssetInput, argument("The asset, and what to change of it.")]
    ) -> UpdateAssetPayload | None:
        """Changes an asset. Owners and admins of the organization may do so, and members with the
        workspace's token."""
        changes = given(input)
        if input.formats:
            changes["formats"] = _formats(input.formats)
        row = await assets.update_asset(info.context, changes.pop("id"), changes)
        return UpdateAssetPayload(asset=Asset.of(row))

    @mutation(TokenScope.WORKSPACE)
    async def delete_asset(
        self, info: Info, id: Annotated[strawberry.ID, argument("The asset's global id.")]
    ) -> DeletePayload | None:
        """Deletes an asset, with its events and totals: its figures leave those of its workspace and
        organization. Owners and admins of the organization may do so. Nobody finds it from then on; its
        rows go in the background."""
        await deletions.delete_asset(info.context, id)
        return DeletePayload(id=id)


def _formats(given: list[AssetFormatInput]) -> list[GivenFormat]:
    return [GivenFormat(one.type, one.url, one.size_bytes) for one in given]
