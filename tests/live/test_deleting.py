"""Subscriptions end when what they show is deleted, or whoever asked for them."""

from base.ids import uuid7
from tests.live.acts import ASSET, METRICS, URL
from tests.live.served import Served
from tests.studio import PASSWORD, Studio


def codes(payload: list[dict[str, dict[str, str]]]) -> list[str]:
    return [error["extensions"]["code"] for error in payload]


async def test_a_subscription_ends_with_what_it_shows(studio: Studio, server: Served) -> None:
    lamp = await studio.add_asset("A lamp")
    deletions = [
        ("owner", METRICS, {"url": URL}, "deletePublication(publicationId: $id)", studio.publication),
        ("admin", ASSET, {"id": lamp}, "deleteAsset(id: $id)", lamp),
    ]
    for by, query, variables, mutation, id in deletions:
        async with server.socket(studio.token(by)) as socket:
            await socket.subscribe(query, **variables)
            await socket.next()
            assert (await studio.ask(f"mutation($id: ID!) {{ {mutation} {{ id }} }}", by, id=id)).data
            end = await socket.receive()
            assert (end["type"], codes(end["payload"])) == ("error", ["NOT_FOUND"]), by


async def test_a_subscription_of_a_deleted_account_shows_nothing_more(studio: Studio, server: Served) -> None:
    person = await studio.add_person("dora", password=PASSWORD)
    join = """mutation($p: ID!, $u: ID!) {
      addCoCreator(publicationId: $p, userId: $u) { publication { id } } }"""
    assert (await studio.ask(join, "owner", p=studio.publication, u=person.id)).data
    delete = "mutation($password: String!) { deleteAccount(input: {password: $password}) { id } }"
    share = "mutation($p: ID!) { sharePublication(publicationId: $p) { publication { id } } }"

    async with server.socket(studio.token("dora")) as socket:
        await socket.subscribe(METRICS, url=URL)
        await socket.next()
        assert (await studio.ask(delete, "dora", password=PASSWORD)).data
        assert (await studio.ask(share, "owner", p=studio.publication)).data
        code, _ = await socket.close_code()
        assert code == 4403


async def test_a_subscription_shows_figures_without_events_that_were_taken_back(
    studio: Studio, server: Served
) -> None:
    lamp, id = await studio.add_asset("A lamp"), str(uuid7(studio.clock.now))
    view = {"subject": {"assetId": lamp}, "action": "VIEW_3D"}
    await studio.report([view, {**view, "id": id}])
    remove = """mutation($s: EventSubject!, $ids: [ID!]!) {
      removeEvents(subject: $s, eventIds: $ids) { removed } }"""

    async with server.socket(studio.token("admin")) as socket:
        await socket.subscribe(ASSET, id=lamp)
        shown = [(await socket.next())["data"]["assetMetricsChanged"]["metrics"]["total3DViews"]]
        assert (await studio.ask(remove, "admin", s=view["subject"], ids=[id])).data
        shown.append((await socket.next())["data"]["assetMetricsChanged"]["metrics"]["total3DViews"])

    assert shown == [2, 1]
