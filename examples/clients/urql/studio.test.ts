import { type Client, gql } from "@urql/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { codes, createClient } from "./client";
import { DASHBOARD, FOLLOW, LIKE, signIn, UNLIKE } from "./studio";

// Browsers have it, and Node.js from version 22 on.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;

const GRAPHQL_URL = process.env["GRAPHQL_URL"] ?? "http://127.0.0.1:8000/graphql";
const variables = { url: "ai-research-studio" };
const ways = [{ socket: false }, { socket: true }];
const soon = (check: () => void) => vi.waitFor(check, 20_000);
let token: string;
let owner: Client;

beforeEach(async () => {
  token ??= await signIn(createClient(GRAPHQL_URL), "owner@demo.test", "viewgraph-demo");
  owner = createClient(GRAPHQL_URL, { token: () => token });
});

afterEach(() => vi.restoreAllMocks());

test("the owner sees the figures", async () => {
  const { data, error } = await owner.query(DASHBOARD, variables);

  expect(codes(error)).toEqual([]);
  expect(data?.publication).toMatchObject({
    name: "AI Research Studio",
    metrics: { totalLikes: 7, totalComments: 7 },
  });
});

test("a stranger is told by a code, and still gets what is public", async () => {
  const { data, error } = await createClient(GRAPHQL_URL).query(DASHBOARD, variables);

  expect(codes(error)).toEqual(["UNAUTHENTICATED"]);
  expect(data?.publication).toMatchObject({ name: "AI Research Studio", metrics: null });
});

test("a document is sent once; then its hash, by GET", async () => {
  const sent = vi.spyOn(globalThis, "fetch");
  const query = gql<{ viewer: { username: string } }>(`query Once${Date.now()} { viewer { id username } }`);
  for (const client of [owner, createClient(GRAPHQL_URL, { token: () => token })]) {
    const { data } = await client.query(query, {});
    expect(data?.viewer.username).toBe("owner");
  }

  const documents = sent.mock.calls.map(([url]) => new URL(`${url}`).searchParams.get("query") !== null);
  expect(documents).toEqual([false, true, false]);
  expect(sent.mock.calls.map(([, init]) => init?.method)).toEqual(["GET", "GET", "GET"]);
});

test("a mutation makes queries of the same types ask anew", async () => {
  const likes: (number | undefined)[] = [];
  const { unsubscribe } = owner.query(DASHBOARD, variables).subscribe(({ data, stale }) => {
    if (!stale) likes.push(data?.publication?.metrics?.totalLikes);
  });
  const { data } = await owner.query(DASHBOARD, variables);
  const { id } = data!.publication!;

  try {
    await owner.mutation(LIKE, { id });
    await soon(() => expect(likes).toEqual([7, 8]));
  } finally {
    await owner.mutation(UNLIKE, { id });
  }
  await soon(() => expect(likes).toEqual([7, 8, 7]));
  unsubscribe();
});

test.each(ways)("new figures come by themselves: %o", async (way) => {
  const { data } = await owner.query(DASHBOARD, variables);
  const { id } = data!.publication!;
  const likes: (number | undefined)[] = [];
  const follower = createClient(GRAPHQL_URL, { token: () => token, ...way });
  const { unsubscribe } = follower.subscription(FOLLOW, variables).subscribe(({ data, error }) => {
    expect(codes(error)).toEqual([]);
    likes.push(data?.publicationMetricsChanged?.metrics?.totalLikes);
  });
  await soon(() => expect(likes).toEqual([7]));

  try {
    await owner.mutation(LIKE, { id });
    await soon(() => expect(likes).toEqual([7, 8]));
  } finally {
    await owner.mutation(UNLIKE, { id });
  }
  await soon(() => expect(likes).toEqual([7, 8, 7]));
  unsubscribe();
});

test.each(ways)("a subscription that is refused says so by a code: %o", async (way) => {
  const subscription = createClient(GRAPHQL_URL, way).subscription(FOLLOW, { url: "nothing" });
  const refusal = new Promise<unknown[]>((resolve) => {
    subscription.subscribe(({ error }) => resolve(codes(error)));
  });

  expect(await refusal).toEqual(["NOT_FOUND"]);
});
