import { createClient } from "./client";
import { DASHBOARD, signIn } from "./studio";

let token: string | undefined;
const client = createClient(process.env["GRAPHQL_URL"] ?? "http://127.0.0.1:8000/graphql", () => token);

token = await signIn(client, "owner@demo.test", "viewgraph-demo");
const { data, error } = await client.query(DASHBOARD, { url: "ai-research-studio" });
console.log(data?.publication ?? error);
