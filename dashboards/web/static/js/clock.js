// The server's time, and everything on the page that ticks.

import { ago } from "./i18n.js";

let aheadMs = 0;

/**
 * Learn how far this browser's clock is off; below 2 s it is taken as right.
 * @param {number} serverNow ms
 */
export function learn(serverNow) {
  const difference = serverNow - Date.now();
  aheadMs = Math.abs(difference) < 2000 ? 0 : difference;
}

/** Now by the server's clock, ms. @returns {number} */
export function now() {
  return Date.now() + aheadMs;
}

/** Renew every `<time data-ago="ms">` under a root, and take away what holds until a time that has passed. @param {ParentNode} root */
export function tick(root = document) {
  for (const element of root.querySelectorAll("[data-ago]")) {
    const text = ago(now() - Number(/** @type {HTMLElement} */ (element).dataset.ago));
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of root.querySelectorAll("[data-holds-until]"))
    if (Number(/** @type {HTMLElement} */ (element).dataset.holdsUntil) <= now()) element.remove();
}

/** Tick once a second from now on. */
export function start() {
  tick();
  setInterval(tick, 1000);
}
