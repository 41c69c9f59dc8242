import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const HERE = import.meta.dirname;
const BUILT = join(HERE, "../src/server/web/graphiql");

/**
 * Keeps only the gzipped assets, because almost all of them are sent so. SHA256SUMS has the hashes of the sources and of
 * the built files, for `sha256sum --check`; a test compares them with the files.
 */
function kept() {
  return {
    name: "kept",
    closeBundle() {
      for (const file of filesIn(join(BUILT, "assets"))) {
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
        rmSync(file);
      }
      const folders = [HERE, join(HERE, "src"), BUILT, join(BUILT, "assets")];
      const lines = folders.flatMap(filesIn).map((file) => `${sha256(file)}  ${relative(BUILT, file)}\n`);
      writeFileSync(join(BUILT, "SHA256SUMS"), lines.join(""));
    },
  };
}

function filesIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(folder, entry.name)).sort();
}

function sha256(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

export default defineConfig({
  root: HERE,
  // The server writes the path of the page in its place.
  base: "./",
  worker: { format: "es" },
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 8_000,
    target: "es2022",
    license: { fileName: "LICENSES.md" },
    rolldownOptions: {
      // GraphiQL makes the titles of its icons from the names of their functions.
      output: { keepNames: true },
      // These directives are for servers that render React. This one does not.
      onLog: (level, log, tell) => log.code !== "MODULE_LEVEL_DIRECTIVE" && tell(level, log),
    },
  },
  plugins: [kept()],
});
