import { expect, test } from "vitest";
import type { User } from "../../api/types";
import { bodyOf, valuesOf } from "./user-fields";

const ANN: User = {
  uid: "ann",
  name: "Ann",
  role: "default",
  status: "offline",
  avatar: "https://x/a.png",
  tags: ["a"],
  metadata: { k: 1 },
};

test("what is unchanged goes round", () => {
  expect(bodyOf(valuesOf(ANN), ANN)).toMatchObject({
    name: "Ann",
    tags: ["a"],
    metadata: { k: 1 },
    avatar: "https://x/a.png",
  });
});

test("what was emptied is unset, what never was is not", () => {
  const body = bodyOf({ ...valuesOf(ANN), avatar: "", metadata: " " }, ANN);
  expect(body).toMatchObject({ unset: ["avatar", "metadata"] });
});
