import { defineConfig } from "vite";

/** One file for pages without a bundler; who has one takes the modules that `tsc` makes. */
export default defineConfig({
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    sourcemap: true,
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "halley-chat.min.js" },
    // A library is not minified unless asked to: its names are others' to import.
    minify: "oxc",
    rolldownOptions: { output: { minify: true } },
  },
});
