from base.ids import Kind, global_id, parse_global_id, uuid7
from resolvers.context import Limits
from tests.studio import START, Studio

NODES = """query($ids: [ID!]!) { nodes(ids: $ids) {
  __typename id ... on User { username } ... on Publication { customUrl } ... on Experience { title }
} }"""
PUBLISH = """mutation($p: ID!) {
  publishExperience(input: {publicationId: $p, type: QUEST, title: "Quest"}) { experience { id } }
}"""
NODE = "query($id: ID!) { node(id: $id) { __typename id } }"


async def test_objects_are_found_by_their_ids_in_the_order_of_the_ids(studio: Studio) -> None:
    published = await studio.ask(PUBLISH, "owner", p=studio.publication)
    quest = published.data["publishExperience"]["experience"]["id"]
    owner, stranger = studio.people["owner"].id, studio.people["stranger"].id
    asked = [stranger, quest, studio.publication, owner, stranger]

    assert (await studio.ask(NODES, ids=asked)).data["nodes"] == [
        {"__typename": "User", "id": stranger, "username": "stranger"},
        {"__typename": "Experience", "id": quest, "title": "Quest"},
        {"__typename": "Publication", "id": studio.publication, "customUrl": "ai-research-studio"},
        {"__typename": "User", "id": owner, "username": "owner"},
        {"__typename": "User", "id": stranger, "username": "stranger"},
    ]
    for id, type in ((owner, "User"), (studio.publication, "Publication"), (quest, "Experience")):
        assert (await studio.ask(NODE, id=id)).data == {"node": {"__typename": type, "id": id}}
    assert (await studio.ask(NODES, ids=[])).data == {"nodes": []}


async def test_an_id_of_nothing_is_not_found_and_leaves_the_others_alone(studio: Studio) -> None:
    owner = studio.people["owner"].id
    _, public_id = parse_global_id(owner)
    unknown = [
        *(global_id(kind, uuid7(START)) for kind in Kind),
        *(global_id(kind, public_id) for kind in Kind if kind is not Kind.USER),
        "",
        "usr",
        "usr_",
        owner[4:],
        owner.upper(),
        owner[:-1],
        f"{owner}=",
        f"{owner}==",
        f" {owner}",
        f"{owner}\0",
        owner[:-1] + chr(ord(owner[-1]) + 1),
        f"xyz_{owner[4:]}",
        public_id.hex,
        str(public_id),
        "usr_é",
        "1",
    ]
    asked = [id for each in unknown for id in (owner, each)]

    answer = await studio.ask(NODES, "owner", ids=asked)

    found = {"__typename": "User", "id": owner, "username": "owner"}
    assert answer.body["data"] == {"nodes": [found, None] * len(unknown)}
    assert sorted(answer.errors) == sorted(("NOT_FOUND", f"nodes.{2 * n + 1}") for n in range(len(unknown)))
    for id in unknown:
        answer = await studio.ask(NODE, "owner", id=id)
        assert answer.body["data"] == {"node": None}
        assert answer.errors == [("NOT_FOUND", "node")]


async def test_at_most_as_many_nodes_are_asked_for_as_a_page_has(studio: Studio) -> None:
    owner = studio.people["owner"].id
    assert (await studio.ask("{ limits { maxNodes } }")).data == {"limits": {"maxNodes": Limits().page_size}}

    assert len((await studio.ask(NODES, ids=[owner] * 100)).data["nodes"]) == 100
    answer = await studio.ask(NODES, ids=[owner] * 101)
    assert answer.body["data"] is None
    assert answer.errors == [("BAD_USER_INPUT", "nodes")]
    assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": "ids", "reason": "TOO_MANY_IDS"}
