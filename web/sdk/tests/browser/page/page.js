// The tests' scripts find the package here.
import * as sdk from "/sdk/halley-chat.min.js";

globalThis.sdk = sdk;
