// Notifications of the browser, for a console behind another window: asked for by a button, and once.

import { t } from "./i18n.js";
import { ruleOf } from "./card.js";
import { go } from "./forms.js";

/** Those that are shown, by alarm id. @type {Map<string, Notification>} */
const shown = new Map();

/** Whether the button makes sense: browsers allow them on https and on this machine alone. */
export function canAsk() {
  return "Notification" in window && window.isSecureContext && Notification.permission === "default";
}

/** Tell of an alarm when nobody sees the page. No names: the system keeps what it showed. @param {import("./types.js").Alarm} alarm */
export function notify(alarm) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const note = noteOf(alarm);
  if (!note) return;
  note.onclick = () => {
    window.focus();
    go(`/alarms/${alarm.id}`);
    note.close();
  };
  shown.set(alarm.id, note);
}

/** Null where a page may make none though it may ask for them, as on Android: the sound comes all the same. @param {import("./types.js").Alarm} alarm @returns {Notification | null} */
function noteOf(alarm) {
  try {
    return new Notification(`${t(`severity.${alarm.severity}`)} · ${ruleOf(alarm)}`, {
      body: t("notify.body"),
      tag: alarm.id,
      lang: document.documentElement.lang,
      requireInteraction: alarm.severity === "critical",
      icon: "/static/favicon.svg",
    });
  } catch {
    return null;
  }
}

/** Take back what is no longer open. @param {Set<string>} open ids of alarms that wait for somebody */
export function withdraw(open) {
  for (const [id, note] of shown) {
    if (open.has(id)) continue;
    note.close();
    shown.delete(id);
  }
}

/** The buttons that ask for them, on whatever page. */
export function notifying() {
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-notify]") : null;
    if (!button) return;
    await Notification.requestPermission();
    offerNotifications();
  });
}

/** Show the buttons where they make sense. @param {ParentNode} [root] */
export function offerNotifications(root = document) {
  for (const button of root.querySelectorAll("[data-notify]")) /** @type {HTMLElement} */ (button).hidden = !canAsk();
}
