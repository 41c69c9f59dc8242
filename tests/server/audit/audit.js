// Prints what the server audit of graphql-http finds at a URL, as JSON.

import { auditServer } from "graphql-http";

// A GET carries the header by which a browser would have to ask first.
const fetchFn = (url, init = {}) =>
  init.method === "POST"
    ? fetch(url, init)
    : fetch(url, { ...init, headers: { ...init.headers, "graphql-require-preflight": "1" } });

const found = await auditServer({ url: process.argv[2], fetchFn });
console.log(JSON.stringify(found.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
