import { expect, test } from "vitest";
import { ApiFault, allWell, faultText, readFault } from "./fault";

test("the error envelope is read with its fields", () => {
  const body = {
    error: { code: "ERR_BAD_REQUEST", message: "name: is required", details: { name: ["is required"] } },
  };
  const fault = readFault(body, new Response(null, { status: 400 }));
  expect(fault).toMatchObject({ code: "ERR_BAD_REQUEST", status: 400, fields: { name: "is required" } });
});

test("an answer that is no envelope still says what came", () => {
  const fault = readFault("<html>", new Response(null, { status: 502, headers: { "retry-after": "3" } }));
  expect(fault).toMatchObject({ code: "HTTP_502", status: 502, retryAfter: 3, fields: {} });
  expect(fault.message).toContain("502");
});

test("a refusal is told as one", () => {
  expect(faultText(new ApiFault("AUTH_ERR_NO_ACCESS", "text", 403))).toBe("Your role does not allow this.");
  expect(faultText(new ApiFault("NETWORK", "", 0))).toContain("can't be reached");
  expect(faultText(new ApiFault("ERR_X", "what it is", 400))).toBe("What it is");
});

test("one failed item of several is an error that names it", () => {
  allWell({ ann: { success: true } });
  const fates = {
    ann: { success: true },
    bob: { success: false, error: { code: "ERR_UID_NOT_FOUND", message: "no bob" } },
  };
  expect(() => allWell(fates)).toThrow("bob: no bob");
});
