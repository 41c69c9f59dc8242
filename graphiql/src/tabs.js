import anyServer from "./any-server.graphql?raw";
import assets from "./assets.graphql?raw";
import firstQuery from "./first-query.graphql?raw";
import insight from "./insight.graphql?raw";

const DAY_MS = 86_400_000;

/** What a new visitor finds: on the demo a tab for each of its three worlds, elsewhere what every server can answer. */
export function firstTabs(isDemo) {
  if (!isDemo) return [{ query: anyServer.trim() }];
  const range = { start: dayBefore(29), end: dayBefore(0) };
  return [
    { query: firstQuery.trim() },
    { query: assets.trim(), variables: JSON.stringify({ range }, null, 2) },
    { query: insight.trim() },
  ];
}

/** The query that a link to this page has in the part of the address that browsers do not send. It is not run by itself. */
export function linkedTab() {
  const given = new URLSearchParams(location.hash.slice(1));
  const query = given.get("query");
  return query ? { query, variables: given.get("variables") ?? "" } : undefined;
}

function dayBefore(days) {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}
