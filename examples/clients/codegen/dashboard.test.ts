import { beforeAll, expect, expectTypeOf, test } from "vitest";
import { createClient } from "./client";
import { Dashboard, Login } from "./dashboard";

const GRAPHQL_URL = process.env["GRAPHQL_URL"] ?? "http://127.0.0.1:8000/graphql";
// Set where the server was started with this example's manifest.
const trusted = Boolean(process.env["TRUSTED"]);
const variables = {
  url: "ai-research-studio",
  range: { start: "2020-01-01", end: "2020-12-31" },
};
let token: string | undefined;

beforeAll(async () => {
  const ask = createClient(GRAPHQL_URL, { trusted });
  const { data } = await ask(Login, { email: "owner@demo.test", password: "viewgraph-demo" });
  token = data?.login?.accessToken;
});

test("the answer has the types of the schema", async () => {
  const { data } = await createClient(GRAPHQL_URL, { token, trusted })(Dashboard, variables);
  const publication = data!.publication!;

  expect(publication).toMatchObject({
    name: "AI Research Studio",
    metrics: { totalLikes: 7, totalComments: 7 },
    views: { points: [] },
  });
  expect(new Date(publication.createdAt).getUTCHours()).toBe(0);
  expectTypeOf(publication.name).toEqualTypeOf<string>();
  // DateTime and BigInt are what they are in JSON; figures that may be denied may be null.
  expectTypeOf(publication.createdAt).toEqualTypeOf<string>();
  expectTypeOf(publication.metrics).toEqualTypeOf<{ totalLikes: number; totalComments: number } | null>();
});

test("variables of the wrong type are seen before anything is sent, and by the server", async () => {
  const ask = createClient(GRAPHQL_URL, { token, trusted });

  // @ts-expect-error: there is no range.
  const none = await ask(Dashboard, { url: "ai-research-studio" });
  // @ts-expect-error: a bound is no number.
  const number = await ask(Dashboard, { ...variables, range: { start: 2020, end: "2021" } });

  expect(none.errors?.map(({ extensions }) => extensions)).toMatchObject([
    { code: "BAD_USER_INPUT", reason: "MISSING_RANGE_PARAMETER", argument: "$range" },
  ]);
  expect(number.errors?.map(({ extensions }) => extensions)).toMatchObject([{ code: "BAD_USER_INPUT" }]);
});

test("a stranger is told by a code, and still gets what is public", async () => {
  const { data, errors } = await createClient(GRAPHQL_URL, { trusted })(Dashboard, variables);

  expect(data?.publication).toMatchObject({ name: "AI Research Studio", metrics: null, views: null });
  expect(errors?.map(({ path, extensions }) => [path?.join("."), extensions.code])).toEqual([
    ["publication.metrics", "UNAUTHENTICATED"],
    ["publication.views", "UNAUTHENTICATED"],
  ]);
});
