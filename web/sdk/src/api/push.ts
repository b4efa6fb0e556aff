import type { Http } from "../http/http.js";
import { segment } from "../http/http.js";

/** A device's token of a push service. */
export interface PushToken {
  readonly token: string;
  /** As `fcm_web`, `fcm_android`, `apns_ios`; one that ends with `_voip` is for calls. */
  readonly platform: string;
  readonly providerId?: string;
  readonly timezone?: string;
}

/** Push tokens of this device. */
export class Push {
  constructor(private readonly http: Http) {}

  /** Tells the server where this device is reached. */
  async register({ token, ...rest }: PushToken): Promise<void> {
    await this.http.call("POST", "/notifications/push/v1/tokens", { body: { pushToken: token, ...rest } });
  }

  /** This device is not to be reached any more. */
  async unregister(token: string): Promise<void> {
    await this.http.call("DELETE", `/notifications/push/v1/tokens/${segment(token)}`, { body: {} });
  }
}
