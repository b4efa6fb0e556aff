/** Loaded with the first call. */
export { CallSession } from "@halley-chat/sdk";
