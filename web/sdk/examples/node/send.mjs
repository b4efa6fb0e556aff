// Sends one message: node send.mjs UID "the text"
import { toUser } from "@halley-chat/sdk";
import { login } from "./client.mjs";

const [uid = "", text = "hello"] = process.argv.slice(2);
const chat = await login();
const message = await chat.messages.sendText(toUser(uid), text);
console.log(`stored as ${message.id}`);
chat.close();
