#!/usr/bin/env bash
# @graphiql/react 0.39.1: the titles of its icons, which screen readers say, are made from the names of functions. A
# minifier shortens these names, so a page that is built for production says something else. Expected: the same title.
# Seen: "close icon" without, "y e icon" with esbuild's --minify, and "close icon" again with --keep-names.
# Needs Node.js 20.19 or newer with npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
    @graphiql/react@0.39.1 graphql@16.15.0 react@19.3.1 react-dom@19.3.1 esbuild@0.28.2

cat > seen.jsx <<'JSX'
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { CloseIcon } from "./node_modules/@graphiql/react/dist/icons/index.js";

console.log(/<title>(.*)<\/title>/.exec(renderToStaticMarkup(createElement(CloseIcon)))[1]);
JSX

title() {
    npx esbuild seen.jsx --bundle --platform=node --log-level=error "$@" | node
}
seen="as it is: $(title)
minified: $(title --minify)
minified, names kept: $(title --minify --keep-names)"
echo "$seen"
wanted="as it is: close icon
minified: y e icon
minified, names kept: close icon"
[ "$seen" = "$wanted" ] || { echo "This has changed." >&2; exit 1; }
