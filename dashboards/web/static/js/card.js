// One alarm as a card of the live list.

import { act, lastDecision } from "./act.js";
import { calledAt, measured, residentOf, staffName } from "./book.js";
import { now } from "./clock.js";
import { h, icon } from "./dom.js";
import { ago, t, textOr } from "./i18n.js";

/** @typedef {import("./types.js").Alarm} Alarm */

/** @param {number} at ms */
function ticking(at) {
  return h("time", { "data-ago": at }, ago(now() - at));
}

/**
 * What is said about speed: measured to this screen when we saw it come, else what the gateway wrote down.
 * @param {Alarm} alarm
 */
function speed(alarm) {
  const ms = measured.get(alarm.id);
  if (ms !== undefined) return h("span", { class: "chip", title: t("speed.measured_title") }, icon("bolt"), t("speed.measured", { n: ms }));
  if (!alarm.latency_ms || alarm.late) return null;
  const { transport, decided, commit_issued } = alarm.latency_ms;
  const total = Math.round(transport + Math.max(decided, commit_issued));
  return total < 0 ? null : h("span", { class: "chip", title: t("speed.stored_title") }, icon("bolt"), t("speed.stored", { n: total }));
}

/** @param {Alarm} alarm */
function chips(alarm) {
  const last = lastDecision(alarm);
  return h("div", { class: "chips" },
    h("span", { class: `severity-tag severity-${alarm.severity}` }, icon(alarm.severity), t(`severity.${alarm.severity}`)),
    alarm.state !== "open" && h("span", { class: "chip taken" }, t(`state.${alarm.state}`)),
    alarm.state !== "open" && last && h("span", { class: "chip taken" }, t("card.taken_by", { who: staffName(last.actor) }), " · ", ticking(last.t)),
    alarm.drill && h("span", { class: "chip warn" }, t("flag.drill")),
    alarm.late && h("span", { class: "chip warn" }, t("flag.late")),
    alarm.timeline.some((entry) => entry.event === "again") && h("span", { class: "chip bad" }, t("flag.again")),
    alarm.recovered_at !== null && h("span", { class: "chip good" }, t("flag.recovered")),
    alarm.count > 1 && h("span", { class: "chip" }, t("card.count", { n: alarm.count })),
    speed(alarm));
}

/**
 * @param {Alarm} alarm
 * @param {boolean} arriving whether it has just come
 * @returns {HTMLElement}
 */
export function card(alarm, arriving) {
  const who = residentOf(alarm);
  const name = who?.name ?? (alarm.resident ? "…" : alarm.device ? t("card.nobody_known") : t("card.whole_site", { site: alarm.site }));
  const untaken = alarm.state === "open";
  const href = `/alarms/${alarm.id}`;
  return h("li", {
    class: `alarm-card severity-${alarm.severity}${arriving ? " arriving" : ""}`, id: `alarm-${alarm.id}`,
    "data-id": alarm.id, "data-state": alarm.state, "data-severity": alarm.severity, "data-rule": alarm.rule,
  },
    h("div", { class: "disc" }, icon(alarm.kind)),
    h("div", {},
      h("div", { class: "who" }, h("a", { href }, name)),
      h("div", { class: "what" }, textOr(`rule.${alarm.rule}`, textOr(`kind.${alarm.kind}`, alarm.rule)), " · ", ticking(calledAt(alarm))),
      h("div", { class: "where" }, who?.place || (alarm.device ? t("card.device", { device: alarm.device }) : "")),
      chips(alarm)),
    h("div", { class: "act" },
      untaken && h("button", { class: "button large acknowledge", type: "button", onclick: (/** @type {MouseEvent} */ event) => take(event, alarm.id) }, icon("check"), t("act.acknowledge")),
      h("a", { class: "button", href }, t("card.open"))));
}

/** @param {MouseEvent} event @param {string} id */
async function take(event, id) {
  const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
  button.disabled = true;
  await act(id, "acknowledge");
  document.dispatchEvent(new Event("book-changed"));
}
