import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const page = (name) => fileURLToPath(new URL(name, import.meta.url));

// Jellyfin's paths are case-insensitive, and so are ours: no name may depend on its case.
const lower = (name) => name.toLowerCase().replace(/[^a-z0-9.]+/g, "-");
const named = (extension) => (chunk) => `ui/assets/${lower(chunk.name || "part")}-[hash].${extension}`;

export default defineConfig({
  // Relative addresses: the pages also work below a path of a reverse proxy.
  base: "./",
  plugins: [react()],
  worker: {
    format: "es",
    rollupOptions: {
      output: { hashCharacters: "hex", entryFileNames: named("js"), chunkFileNames: named("js") },
    },
  },
  build: {
    outDir: "dist",
    assetsDir: "ui/assets",
    chunkSizeWarningLimit: 8000,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // React's compiler leaves such directives in what it made; they mean nothing to a browser.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
      input: {
        start: page("index.html"),
        graphiql: page("graphiql.html"),
        docs: page("docs.html"),
      },
      output: {
        hashCharacters: "hex",
        entryFileNames: named("js"),
        chunkFileNames: named("js"),
        assetFileNames: (asset) => {
          const name = asset.names?.[0] ?? "asset";
          const stem = lower(name.replace(/\.[^.]*$/, ""));
          return `ui/assets/${stem}-[hash][extname]`;
        },
      },
    },
  },
  server: {
    proxy: { "/graphql": { target: "http://127.0.0.1:8096", ws: true }, "/health": "http://127.0.0.1:8096" },
  },
});
