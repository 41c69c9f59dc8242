import relay from "vite-plugin-relay";
import { defineConfig } from "vitest/config";

const { origin } = new URL(process.env["GRAPHQL_URL"] ?? "http://127.0.0.1:8000/graphql");

export default defineConfig({
  plugins: [relay],
  // To the browser, page and API are of one origin. Otherwise VIEWGRAPH_CORS_ORIGINS has to list the page's.
  server: { proxy: { "/graphql": origin } },
  test: { environment: "happy-dom", environmentOptions: { happyDOM: { url: origin } } },
});
