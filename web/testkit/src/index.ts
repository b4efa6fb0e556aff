/** What the browser tests share. */
export { type AccessibilityOptions, accessibilityFaults } from "./accessibility.js";
export { launchBrowser, openPage, type PageOptions, VIEWPORTS, type WatchedPage } from "./browser.js";
export { type Demo, type DemoUser, type Form, type Platform, startPlatform, timed } from "./platform.js";
export { watchPolicy } from "./policy.js";
export { isPictured, screenshot } from "./screenshot.js";
export { type Site, type SiteOptions, serveSite } from "./serve.js";
export { sharedPlatform } from "./shared.js";
