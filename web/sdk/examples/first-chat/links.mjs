// Prints the address of the page for each of two users of the demo: node links.mjs DEMO_JSON
import { readFile } from "node:fs/promises";

const { rest, appId, users } = JSON.parse(await readFile(process.argv[2], "utf8"));
const [first, second] = users;
for (const [user, peer] of [
  [first, second],
  [second, first],
]) {
  const query = new URLSearchParams({ host: rest, app: appId, peer: peer.uid });
  console.log(`${user.uid}: http://127.0.0.1:8000/?${query}#${user.authToken}`);
}
