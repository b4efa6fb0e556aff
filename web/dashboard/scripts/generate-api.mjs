// Writes src/api/schema.ts from the OpenAPI document of a running server:
//   npm run generate-api -w dashboard -- http://127.0.0.1:8080/openapi.json
// (or the path of a saved document). The generator is fetched for the run: it needs an older TypeScript than the workspace has.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const source = process.argv[2] ?? "http://127.0.0.1:8080/openapi.json";
const target = fileURLToPath(new URL("../src/api/schema.ts", import.meta.url));
const generator = ["--package=openapi-typescript@7.13.0", "--package=typescript@5.9.3"];
const options = ["--alphabetize", "--empty-objects-unknown", "--default-non-nullable=false"];
const run = spawnSync(
  "npx",
  ["--yes", ...generator, "openapi-typescript", source, "--output", target, ...options],
  { stdio: "inherit" },
);
if (run.status !== 0) process.exit(run.status ?? 1);
const format = spawnSync("npx", ["biome", "format", "--write", "--files-max-size=8000000", target], {
  stdio: "inherit",
});
process.exit(format.status ?? 1);
