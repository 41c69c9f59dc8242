import { createClient } from "./client";
import { Dashboard, Login } from "./dashboard";

const url = process.env["GRAPHQL_URL"] ?? "http://127.0.0.1:8000/graphql";
const credentials = { email: "owner@demo.test", password: "viewgraph-demo" };
const token = (await createClient(url)(Login, credentials)).data?.login?.accessToken;

const { data, errors } = await createClient(url, { token })(Dashboard, {
  url: "ai-research-studio",
  range: { start: "2026-01-01", end: "2026-12-31" },
});
console.log(data?.publication?.metrics ?? errors);
