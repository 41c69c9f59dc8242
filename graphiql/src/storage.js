const LISTS = ["graphiql:queries", "graphiql:favorites"];

/** GraphiQL's storage in the browser, without headers: its history would keep tokens. */
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
