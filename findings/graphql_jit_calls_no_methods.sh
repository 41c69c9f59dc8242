#!/usr/bin/env bash
# graphql-jit 0.8.9: a value that is a function is not called, though graphql 16.15.0 calls it as its default resolver
# does. So a schema whose root value has methods answers otherwise once its queries are compiled, as mercurius does
# after some requests. Expected: the same answer. Seen: an error for a list. Needs Node.js 20 or newer with npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts graphql@16.15.0 graphql-jit@0.8.9

cat > seen.js <<'JS'
const { buildSchema, execute, parse } = require("graphql");
const { compileQuery } = require("graphql-jit");

const schema = buildSchema("type Query { points: [Int!] }");
const document = parse("{ points }");
const rootValue = { points: () => [1, 2] };

function shown({ data, errors }) {
  return JSON.stringify({ data, errors: errors?.map((error) => error.message) });
}

console.log(`graphql: ${shown(execute({ schema, document, rootValue }))}`);
console.log(`graphql-jit: ${shown(compileQuery(schema, document).query(rootValue))}`);
JS

seen=$(node seen.js)
echo "$seen"
wanted='graphql: {"data":{"points":[1,2]}}
graphql-jit: {"data":{"points":null},"errors":["Expected Iterable, but did not find one for field Query.points."]}'
[ "$seen" = "$wanted" ] || { echo "This has changed." >&2; exit 1; }
