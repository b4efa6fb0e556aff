import { expect, test } from "vitest";
import { addressOf, type Document, exampleOf, fieldsOf, operationsOf } from "./openapi";

const DOCUMENT: Document = {
  paths: {
    "/v3/users/{uid}": {
      put: {
        operationId: "update-user",
        tags: ["users"],
        parameters: [
          { name: "uid", in: "path", required: true },
          { name: "tags", in: "query" },
        ],
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Change" } } } },
      },
    },
    "/v3/apps": { get: { operationId: "list-apps", tags: ["management"] } },
  },
  components: {
    schemas: {
      Change: {
        type: "object",
        required: ["name", "kind", "self"],
        properties: {
          name: { type: "string", description: "Its name." },
          kind: { oneOf: [{ type: "null" }, { enum: ["a", "b"] }] },
          note: { type: "string" },
          self: { $ref: "#/components/schemas/Change" },
        },
      },
    },
  },
};

test("operations are listed with what they need", () => {
  const [update, apps] = operationsOf(DOCUMENT);
  expect(update).toMatchObject({ id: "update-user", method: "PUT", isOfApp: true });
  expect(apps).toMatchObject({ id: "list-apps", isOfApp: false });
  expect(apps).not.toHaveProperty("body");
});

test("an example holds what is required, and ends where a schema holds itself", () => {
  const schema = { $ref: "#/components/schemas/Change" };
  expect(exampleOf(schema, DOCUMENT)).toMatchObject({ name: "", kind: "a", self: { name: "" } });
  expect(exampleOf(schema, DOCUMENT)).not.toHaveProperty("note");
  expect(fieldsOf(schema, DOCUMENT)[0]).toEqual({ name: "name", isRequired: true, description: "Its name." });
});

test("parameters are put into the address as they must be written there", () => {
  const [update] = operationsOf(DOCUMENT);
  if (!update) throw new Error("no operation");
  expect(addressOf(update, { "path uid": "a/b", "query tags": "x y" })).toBe("/v3/users/a%2Fb?tags=x+y");
  expect(addressOf(update, { "path uid": "ann" })).toBe("/v3/users/ann");
});
