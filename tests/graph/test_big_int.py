"""BigInt: whole numbers, as variables and in the document."""

from typing import Any

import pytest

from tests.studio import Studio

SIZE = """
    mutation($input: UpdateAssetInput!) {
        updateAsset(input: $input) { asset { formats { sizeBytes } } }
    }
"""


def _formats(size: Any) -> list[dict[str, Any]]:
    return [{"type": "GLB", "url": "https://files.test/c.glb", "sizeBytes": size}]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_float_that_is_whole_is_taken_and_any_other_is_not(studio: Studio) -> None:
    chair = await studio.add_asset("Chair")

    whole = await studio.ask(SIZE, "admin", input={"id": chair, "formats": _formats(12.0)})
    written = await studio.ask(
        SIZE.replace("$input: UpdateAssetInput!", "$id: ID!").replace(
            "$input", '{id: $id, formats: [{type: GLB, url: "https://files.test/c.glb", sizeBytes: 13.0}]}'
        ),
        "admin",
        id=chair,
    )

    assert whole.data == {"updateAsset": {"asset": {"formats": [{"sizeBytes": 12}]}}}
    assert written.data == {"updateAsset": {"asset": {"formats": [{"sizeBytes": 13}]}}}
    for size in (12.5, 2.0**53, "12", True):
        refused = await studio.ask(SIZE, "admin", input={"id": chair, "formats": _formats(size)})
        assert refused.code == "BAD_USER_INPUT", size
