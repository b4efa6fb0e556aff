import { describe, expect, it } from "vitest";
import { parseInvitation } from "../../src/login/invitation";

describe("an invitation in the fragment", () => {
  it("names app, key and users", () => {
    expect(parseInvitation("#app=demo&key=secret&users=ann,%20bob,,cem")).toEqual({
      appId: "demo",
      authKey: "secret",
      users: ["ann", "bob", "cem"],
    });
  });

  it("needs no more than an app", () => {
    expect(parseInvitation("#app=demo")).toEqual({ appId: "demo", authKey: "", users: [] });
  });

  it.each(["", "#", "#/user/bob", "#/group/room?panel=details"])("is not in %s", (fragment) => {
    expect(parseInvitation(fragment)).toBeNull();
  });
});
