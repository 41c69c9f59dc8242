"""Prometheus, as far as tests need it: it asks by HTTP, and reads by its own parser."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.live.served import PATIENCE


class Sample(NamedTuple):
    name: str
    """Without `viewgraph_`."""
    labels: frozenset[tuple[str, str]]


Samples = Mapping[Sample, float]


def sample(name: str, **labels: str) -> Sample:
    return Sample(name, frozenset(labels.items()))


def families(text: str) -> dict[str, tuple[str, set[str]]]:
    """The type of each metric and the names of its samples, by its name."""
    return {
        family.name: (family.type, {one.name for one in family.samples})
        for family in text_string_to_metric_families(text)
    }


def samples(text: str) -> Samples:
    return {
        Sample(one.name.removeprefix("viewgraph_"), frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


async def scraped_text(url: str, token: str | None = None) -> str:
    async with httpx.AsyncClient() as client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        response = await client.get(url, headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    return response.text


async def scraped(url: str, token: str | None = None) -> Samples:
    return samples(await scraped_text(url, token))


async def scraped_with(url: str, wanted: Mapping[Sample, float]) -> Samples:
    """As soon as these samples are so: each process publishes once a second."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await scraped(url)
            if all(found.get(one) == value for one, value in wanted.items()):
                return found
            await asyncio.sleep(0.05)
