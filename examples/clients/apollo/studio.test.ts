import { type ApolloClient, gql, type TypedDocumentNode } from "@apollo/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { codes, createClient, possibleTypes } from "./client";
import { DASHBOARD, FOLLOW, LIKE, signIn, UNLIKE } from "./studio";

const GRAPHQL_URL = process.env["GRAPHQL_URL"] ?? "http://127.0.0.1:8000/graphql";
const variables = { url: "ai-research-studio" };
const clients: ApolloClient[] = [];

function newClient(token?: string): ApolloClient {
  const client = createClient(GRAPHQL_URL, () => token);
  clients.push(client);
  return client;
}

const soon = (check: () => void) => vi.waitFor(check, 20_000);
let token: string;
let owner: ApolloClient;

beforeEach(async () => {
  token ??= await signIn(newClient(), "owner@demo.test", "viewgraph-demo");
  owner = newClient(token);
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const client of clients.splice(0)) client.stop();
});

test("the owner sees the figures", async () => {
  const { data } = await owner.query({ query: DASHBOARD, variables });

  expect(data?.publication).toMatchObject({
    name: "AI Research Studio",
    metrics: { totalLikes: 7, totalComments: 7 },
  });
});

test("a stranger is told by a code, and still gets what is public", async () => {
  const { data, error } = await newClient().query({ query: DASHBOARD, variables });

  expect(data?.publication).toMatchObject({ name: "AI Research Studio", metrics: null });
  expect(codes(error)).toEqual(["UNAUTHENTICATED"]);
});

test("a mutation that is refused is thrown, with its code", async () => {
  const refused = await owner.mutate({ mutation: LIKE, variables: { id: "pub_" } }).catch(codes);

  expect(refused).toEqual(["NOT_FOUND"]);
});

test("a document is sent once; then its hash, by GET", async () => {
  const sent = vi.spyOn(globalThis, "fetch");
  const query: TypedDocumentNode<{ viewer: { username: string } }> =
    gql`query Once${Date.now()} { viewer { id username } }`;
  for (const client of [owner, newClient(token)]) {
    const { data } = await client.query({ query });
    expect(data?.viewer.username).toBe("owner");
  }

  expect(
    sent.mock.calls.map(([url, init]) => [init?.method, /query Once/.test(`${url}${init?.body}`)]),
  ).toEqual([
    ["GET", false], // Nobody knows the hash:
    ["POST", true], // here is the document.
    ["GET", false],
  ]);
});

test("what a mutation changes shows wherever the publication stands", async () => {
  const { data } = await owner.query({ query: DASHBOARD, variables });
  const { id } = data!.publication!;
  const likes = () => owner.readQuery({ query: DASHBOARD, variables })?.publication?.metrics;

  try {
    await owner.mutate({ mutation: LIKE, variables: { id } });
    expect(likes()).toMatchObject({ totalLikes: 8, totalComments: 7 });
  } finally {
    await owner.mutate({ mutation: UNLIKE, variables: { id } });
  }
  expect(likes()).toMatchObject({ totalLikes: 7, totalComments: 7 });
});

test("a subscription brings new figures to whatever shows them", async () => {
  const { data } = await owner.query({ query: DASHBOARD, variables });
  const { id } = data!.publication!;
  const likes = () => owner.readQuery({ query: DASHBOARD, variables })?.publication?.metrics?.totalLikes;
  const seen: unknown[] = [];
  const following = owner.subscribe({ query: FOLLOW, variables }).subscribe(({ data, error }) => {
    seen.push(error ?? data?.publicationMetricsChanged?.metrics?.totalLikes);
  });
  await soon(() => expect(seen).toEqual([7]));

  const somebody = newClient(token);
  try {
    await somebody.mutate({ mutation: LIKE, variables: { id } });
    await soon(() => expect(seen).toEqual([7, 8]));
    expect(likes()).toBe(8);
  } finally {
    await somebody.mutate({ mutation: UNLIKE, variables: { id } });
  }
  await soon(() => expect(seen).toEqual([7, 8, 7]));
  following.unsubscribe();
});

test("a subscription that is refused says so by a code", async () => {
  const seen: unknown[] = [];
  owner.subscribe({ query: FOLLOW, variables: { url: "nothing" } }).subscribe(({ error }) => {
    seen.push(...codes(error));
  });

  await soon(() => expect(seen).toEqual(["NOT_FOUND"]));
});

const NAMES: TypedDocumentNode<{
  publications: { edges: { node: { name: string } }[]; pageInfo: { endCursor: string } };
}> = gql`
  query Names($after: String) {
    publications(first: 4, after: $after) {
      edges {
        node {
          id
          name
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

test("pages of a list are joined", async () => {
  const list = owner.watchQuery({ query: NAMES });
  const subscription = list.subscribe(() => {});
  const first = await list.refetch();
  await list.fetchMore({ variables: { after: first.data?.publications.pageInfo.endCursor } });

  const names = owner.readQuery({ query: NAMES })?.publications.edges.map(({ node }) => node.name);
  expect(names).toHaveLength(8);
  expect(names?.[7]).toBe("Paper Engines");
  subscription.unsubscribe();
});

const TYPES: TypedDocumentNode<{ __type: { possibleTypes: { name: string }[] } }> = gql`
  {
    __type(name: "Node") {
      possibleTypes {
        name
      }
    }
  }
`;

test("the types that have an id are those of the schema", async () => {
  const { data } = await owner.query({ query: TYPES });

  expect(data?.__type.possibleTypes.map(({ name }) => name).sort()).toEqual(possibleTypes.Node);
});
