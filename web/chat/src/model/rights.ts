import type { Group, Member, Scope } from "./types";

/** Lowest first; the owner stands above every scope. */
const RANKS: Record<Scope, number> = { participant: 1, moderator: 2, admin: 3 };
const OWNER = 4;

function rank(uid: string, scope: Scope | undefined, owner: string | undefined): number {
  if (!scope) return 0;
  return uid === owner ? OWNER : RANKS[scope];
}

/** What a member may do in a group. The server decides; this only hides what it would refuse. */
export function rightsIn(group: Group, me: string) {
  const mine = rank(me, group.scope, group.owner);
  const of = (member: Member) => rank(member.uid, member.scope, group.owner);
  const mayRemove = (member: Member) =>
    member.uid !== me &&
    (mine >= RANKS.admin ? of(member) < OWNER : mine === RANKS.moderator && of(member) === 1);
  return {
    isOwner: mine === OWNER,
    edit: mine >= RANKS.moderator,
    moderate: mine >= RANKS.moderator,
    pin: mine >= RANKS.moderator,
    seeBanned: mine >= RANKS.moderator,
    addMembers: mine >= RANKS.admin,
    delete: mine >= RANKS.admin,
    leave: mine > 0 && mine !== OWNER,
    transferTo: (member: Member) => mine === OWNER && member.uid !== me,
    remove: mayRemove,
    /** The scopes that may be given to a member, without the present one. */
    scopesFor(member: Member): Scope[] {
      if (member.uid === me) return [];
      const target = of(member);
      const all: Scope[] = ["participant", "moderator", "admin"];
      return all.filter((to) => {
        if (to === member.scope) return false;
        if (mine === OWNER) return true;
        if (mine === RANKS.admin) return target < RANKS.admin;
        return mine === RANKS.moderator && target === 1 && RANKS[to] <= RANKS.moderator;
      });
    },
  };
}

export type Rights = ReturnType<typeof rightsIn>;
