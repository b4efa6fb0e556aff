/** Names of the API's entities, as the generated file has them. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type ApiKey = Schemas["ApiKey"];
export type App = Schemas["App"];
export type AuthToken = Schemas["AuthToken"];
export type Collaborator = Schemas["Collaborator"];
export type Delivery = Schemas["Delivery"];
export type DeliveryDetails = Schemas["DeliveryDetails"];
export type Feature = Schemas["Feature"];
export type FlaggedMessage = Schemas["FlaggedMessage"];
export type Group = Schemas["Group"];
export type GroupMember = Schemas["GroupMemberUser"];
export type ManagementKey = Schemas["ManagementKey"];
export type Message = Schemas["Message"];
export type Node = Schemas["Node"];
export type Pagination = Schemas["Pagination"];
export type Permission = Schemas["Permission"];
export type Reason = Schemas["Reason"];
export type ReviewedMessage = Schemas["ReviewedMessage"];
export type Role = Schemas["Role"];
export type Trigger = Schemas["Trigger"];
export type User = Schemas["User"];
export type Webhook = Schemas["Webhook"];
