const LISTS = ["graphiql:queries", "graphiql:favorites"];

/** What stays in the browser. GraphiQL's history would keep tokens too: they go with the page. */
export const storage = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => localStorage.setItem(key, LISTS.includes(key) ? withoutHeaders(value) : value),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => keys().forEach((key) => localStorage.removeItem(key)),
  get length() {
    return keys().length;
  },
};

function keys() {
  return Object.keys(localStorage).filter((key) => key.startsWith("graphiql:"));
}

function withoutHeaders(value) {
  return JSON.stringify(JSON.parse(value), (name, inner) => (name === "headers" ? undefined : inner));
}
