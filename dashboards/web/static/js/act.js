// Doing something to an alarm, and what the desk is told about it.

import { call, explain, Refused } from "./api.js";
import { put, staffName } from "./book.js";
import { now } from "./clock.js";
import { toast } from "./dom.js";
import { ago, t } from "./i18n.js";

/** @typedef {import("./types.js").Alarm} Alarm */

/** Where a colleague's word on an alarm is written. */
const DECISIONS = new Set(["acknowledge", "dispatch", "arrive", "resolve", "close", "cancel", "release", "reopen", "again"]);

/**
 * Who brought the alarm where it is, and when; null when nobody has yet.
 * @param {Alarm} alarm
 */
export function lastDecision(alarm) {
  const decides = (/** @type {string} */ event) => DECISIONS.has(event) && (event !== "again" || alarm.state === "open");
  return alarm.timeline.findLast((entry) => decides(entry.event)) ?? null;
}

/**
 * Post an event. True when it took effect; a 409 says who was faster.
 * @param {string} id
 * @param {string} event
 * @param {object} [body]
 * @returns {Promise<boolean>}
 */
export async function act(id, event, body = {}) {
  try {
    put(await call("POST", `/api/v1/alarms/${id}/${event}`, body));
    return true;
  } catch (error) {
    const body = error instanceof Refused ? error.body : {};
    if (body.alarm) put(body.alarm);
    if (body.reason !== "state" || !tellWhoWasFaster(body.alarm)) toast(explain(error), body.alarm ? "warn" : "bad");
    return false;
  }
}

/**
 * Take all that is open of a person with one word. True when anything was taken; what others have is told.
 * @param {import("./groups.js").Whom} whom
 * @returns {Promise<boolean>}
 */
export async function takeAll({ kind, id }) {
  try {
    /** @type {{items: Alarm[], held: Alarm[]}} */
    const { items, held } = await call("POST", `/api/v1/${kind}/${encodeURIComponent(id)}/acknowledge`);
    for (const alarm of [...items, ...held]) put(alarm);
    if (held[0]) tellWhoWasFaster(held[0]);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status === 409) {
      for (const alarm of error.body.held ?? []) put(alarm);
      if (tellWhoWasFaster(error.body.alarm)) return false;
    }
    toast(explain(error), "bad");
    return false;
  }
}

/** False when nobody was, or oneself. @param {Alarm | undefined} alarm */
function tellWhoWasFaster(alarm) {
  const last = alarm?.timeline && lastDecision(alarm);
  if (!last || last.actor === document.documentElement.dataset.me) return false;
  toast(t("act.faster", { who: staffName(last.actor), what: t(`event.${last.event}`), ago: ago(now() - last.t) }), "warn");
  return true;
}
