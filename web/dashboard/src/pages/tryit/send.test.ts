import { expect, test } from "vitest";
import { curlOf } from "./send";

const CALL = {
  method: "PUT",
  address: "/v3/users/ann",
  body: '{ "name": "Ann\'s" }',
  appId: "app1",
  actingUser: "",
};

test("a call for the shell names a key by a variable, never a secret of this page", () => {
  const curl = curlOf(CALL, "https://chat.example");
  expect(curl).toContain(`-H "apikey: $REST_API_KEY"`);
  expect(curl).not.toContain("csrf");
});

test("quotes can't end a word of the shell", () => {
  expect(curlOf(CALL, "https://chat.example")).toContain(`-d '{"name":"Ann'\\''s"}'`);
});

test("calls about apps take a management key", () => {
  expect(curlOf({ ...CALL, appId: "" }, "https://chat.example")).toContain("$MANAGEMENT_SECRET");
});
