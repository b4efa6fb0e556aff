// What both programs need: a client for the user of an auth token.
//
//   npm install @halley-chat/sdk ws
//   export HALLEY_HOST=http://127.0.0.1:8080 HALLEY_APP=… HALLEY_TOKEN=…
import { HalleyChat, SettingsBuilder } from "@halley-chat/sdk";
import WebSocket from "ws";

const { HALLEY_HOST = "http://127.0.0.1:8080", HALLEY_APP = "", HALLEY_TOKEN = "" } = process.env;

export async function login() {
  const settings = new SettingsBuilder(HALLEY_HOST, HALLEY_APP)
    .presence("all")
    .platform("node")
    .webSocket(WebSocket)
    .build();
  const chat = new HalleyChat(settings);
  await chat.login({ authToken: HALLEY_TOKEN });
  return chat;
}
