const LISTS = ["graphiql:queries", "graphiql:favorites"];
/** What may have tokens. It is kept whole as long as the tab of the browser is open, and no longer. */
const TABS = "graphiql:tabState";
/** What the tabs have, too: GraphiQL would open another tab where they differ. */
const REPEATED = ["graphiql:query", "graphiql:variables", "graphiql:headers"];

/** GraphiQL's storage in the browser. What outlives the tab has no headers: its history would keep tokens. */
export const storage = {
  getItem: (key) => (key === TABS ? sessionStorage.getItem(key) : null) ?? localStorage.getItem(key),
  setItem: (key, value) => {
    if (REPEATED.includes(key)) return;
    if (key === TABS) sessionStorage.setItem(key, value);
    localStorage.setItem(key, key === TABS || LISTS.includes(key) ? withoutHeaders(value) : value);
  },
  removeItem: (key) => [localStorage, sessionStorage].forEach((each) => each.removeItem(key)),
  clear: () => keys().forEach((key) => storage.removeItem(key)),
  get length() {
    return keys().length;
  },
};

/** The tab that was shown last, or undefined. */
export function shownTab() {
  const { tabs, activeTabIndex } = JSON.parse(storage.getItem(TABS) ?? "{}");
  return tabs?.[activeTabIndex];
}

function keys() {
  return [...new Set([localStorage, sessionStorage].flatMap(Object.keys))].filter((key) => key.startsWith("graphiql:"));
}

function withoutHeaders(value) {
  return JSON.stringify(JSON.parse(value), (name, inner) => (name === "headers" ? null : inner));
}
