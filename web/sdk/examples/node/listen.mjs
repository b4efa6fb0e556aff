// Prints what comes, until it is interrupted: node listen.mjs
import { login } from "./client.mjs";

const chat = await login();
console.log(`listening as ${chat.uid}`);
for await (const { kind, event } of chat.events("message", "presence", "connection")) {
  if (kind === "message") console.log(`${event.sender.name}: ${event.text ?? event.type}`);
  else console.log(kind, kind === "presence" ? `${event.user.name} ${event.user.status}` : event);
}
