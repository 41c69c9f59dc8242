import { codes, createClient } from "./client";
import { FOLLOW, signIn } from "./studio";

let token: string | undefined;
const client = createClient(process.env["GRAPHQL_URL"] ?? "http://127.0.0.1:8000/graphql", {
  token: () => token,
});
token = await signIn(client, "owner@demo.test", "viewgraph-demo");

client.subscription(FOLLOW, { url: "ai-research-studio" }).subscribe(({ data, error }) => {
  const publication = data?.publicationMetricsChanged;
  if (publication) console.log(`${publication.name}: ${publication.metrics?.totalLikes} likes`);
  if (error) console.log(codes(error));
});
