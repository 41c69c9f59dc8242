import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const HERE = import.meta.dirname;
const BUILT = join(HERE, "../src/server/web/graphiql");

/**
 * Assets are kept gzipped alone: that is how almost all of them are sent. SHA256SUMS has sources and what
 * was built of them, as `sha256sum --check` reads it; a test compares it with the files.
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
  base: "/graphql/",
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
      // Directives for servers that render React: there is none.
      onLog: (level, log, tell) => log.code !== "MODULE_LEVEL_DIRECTIVE" && tell(level, log),
    },
  },
  plugins: [kept()],
});
