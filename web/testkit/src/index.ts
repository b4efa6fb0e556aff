/** What the browser tests share. */
export { type AccessibilityOptions, accessibilityFaults } from "./accessibility.js";
export { launchBrowser, openPage, type PageOptions, VIEWPORTS, type WatchedPage } from "./browser.js";
export {
  type Demo,
  type DemoUser,
  type Form,
  freePort,
  type Platform,
  startPlatform,
  timed,
} from "./platform.js";
export { watchPolicy } from "./policy.js";
export { screenshot } from "./screenshot.js";
export { policy, type Site, type SiteOptions, serveSite } from "./serve.js";
