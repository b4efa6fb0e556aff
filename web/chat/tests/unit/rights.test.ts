import { describe, expect, it } from "vitest";
import { rightsIn } from "../../src/model/rights";
import type { Group, Member, Scope } from "../../src/model/types";

function group(scope: Scope | undefined, owner = "owner"): Group {
  return { guid: "g", name: "G", type: "public", owner, membersCount: 3, hasJoined: !!scope, scope };
}

function member(uid: string, scope: Scope): Member {
  return { uid, name: uid, scope };
}

const owner = member("owner", "admin");
const admin = member("adam", "admin");
const moderator = member("mo", "moderator");
const participant = member("pat", "participant");

describe("rights in a group", () => {
  it("of the owner", () => {
    const rights = rightsIn(group("admin"), "owner");
    expect(rights).toMatchObject({ isOwner: true, edit: true, addMembers: true, delete: true, leave: false });
    expect(rights.scopesFor(admin)).toEqual(["participant", "moderator"]);
    expect([admin, moderator, participant].every(rights.remove)).toBe(true);
    expect(rights.transferTo(participant)).toBe(true);
    expect(rights.transferTo(owner)).toBe(false);
  });

  it("of an admin", () => {
    const rights = rightsIn(group("admin"), "adam");
    expect(rights).toMatchObject({ isOwner: false, addMembers: true, delete: true, leave: true });
    expect(rights.scopesFor(member("eve", "admin"))).toEqual([]);
    expect(rights.scopesFor(moderator)).toEqual(["participant", "admin"]);
    expect(rights.remove(owner)).toBe(false);
    expect(rights.remove(member("eve", "admin"))).toBe(true);
    expect(rights.transferTo(participant)).toBe(false);
  });

  it("of a moderator", () => {
    const rights = rightsIn(group("moderator"), "mo");
    expect(rights).toMatchObject({ edit: true, pin: true, moderate: true, addMembers: false, delete: false });
    expect(rights.scopesFor(participant)).toEqual(["moderator"]);
    expect(rights.remove(participant)).toBe(true);
    expect(rights.remove(member("max", "moderator"))).toBe(false);
  });

  it("of a participant", () => {
    const rights = rightsIn(group("participant"), "pat");
    expect(rights).toMatchObject({ edit: false, pin: false, addMembers: false, delete: false, leave: true });
    expect(rights.scopesFor(moderator)).toEqual([]);
    expect(rights.remove(member("pia", "participant"))).toBe(false);
  });

  it("of nobody who is not in it", () => {
    const rights = rightsIn(group(undefined), "eve");
    expect(rights).toMatchObject({ edit: false, leave: false, seeBanned: false });
  });
});
