import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const HERE = import.meta.dirname;
const BUILT = join(HERE, "../src/server/web/studio");
const ASSETS = join(BUILT, "assets");
/** What is made anew by each build, or installed. */
const MADE = new Set(["node_modules", "gql"]);

/**
 * Puts the style sheet into the page, so that no request stands before the first figures, and keeps only the gzipped
 * scripts. SHA256SUMS has the hashes of the sources and of the built files, for `sha256sum --check`; a test compares
 * them with the files.
 */
function kept() {
  return {
    name: "kept",
    closeBundle() {
      copyFileSync(join(HERE, "src/gql/persisted-documents.json"), join(BUILT, "documents.json"));
      const page = join(BUILT, "index.html");
      const sheet = /\s*<link rel="stylesheet"[^>]*href="\.\/assets\/([^"]+)">/;
      const html = readFileSync(page, "utf8");
      const name = sheet.exec(html)[1];
      const style = readFileSync(join(ASSETS, name), "utf8").trim();
      writeFileSync(page, html.replace(sheet, () => `\n    <style>${style}</style>`));
      rmSync(join(ASSETS, name));
      for (const file of filesIn(ASSETS)) {
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
        rmSync(file);
      }
      const files = [...filesIn(HERE), ...filesIn(BUILT)].filter((file) => !file.endsWith("SHA256SUMS"));
      const lines = files.map((file) => `${sha256(file)}  ${relative(BUILT, file)}\n`);
      writeFileSync(join(BUILT, "SHA256SUMS"), lines.join(""));
    },
  };
}

/** In it and below it. */
function filesIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => !MADE.has(entry.name));
  return entries
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesIn(path) : [path];
    })
    .sort();
}

function sha256(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

export default defineConfig({
  root: HERE,
  // The server writes the path of the page in its place.
  base: "./",
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    target: "es2022",
    license: { fileName: "LICENSES.md" },
  },
  plugins: [kept()],
});
