// One alarm as a card of the live list, and the heading over several of one person.

import { act, lastDecision } from "./act.js";
import { calledAt, measured, siteName, staffName, whoOf } from "./book.js";
import { now } from "./clock.js";
import { h, icon } from "./dom.js";
import { ago, t, textOr } from "./i18n.js";

/** @typedef {import("./types.js").Alarm} Alarm */

/** @param {number} at ms */
function ticking(at) {
  return h("time", { "data-ago": at }, ago(now() - at));
}

/** Whom an alarm is about. @param {Alarm} alarm */
export function nameOf(alarm) {
  const known = whoOf(alarm)?.name;
  if (known) return known;
  if (alarm.resident || alarm.household) return "…";
  return alarm.device ? t("card.nobody_known") : t("card.whole_site", { site: siteName(alarm.site) });
}

/** What happened. @param {Alarm} alarm */
export function ruleOf(alarm) {
  return textOr(`rule.${alarm.rule}`, textOr(`kind.${alarm.kind}`, alarm.rule));
}

/** All that a card says, but the time that passes: while it is the same the card is left alone. @param {Alarm} alarm @param {boolean} grouped */
export function stampOf(alarm, grouped) {
  const who = whoOf(alarm);
  return `${alarm.version} ${grouped} ${who?.name} ${who?.place} ${siteName(alarm.site)} ${measured.get(alarm.id)} ${staffName(holding(alarm)?.who ?? "")}`;
}

/**
 * What is said about speed: measured to this screen when we saw it come, else what the gateway wrote down.
 * @param {Alarm} alarm
 */
function speed(alarm) {
  const ms = measured.get(alarm.id);
  if (ms !== undefined) return h("span", { class: "chip", title: t("speed.measured_title") }, icon("bolt"), t("speed.measured", { n: ms }));
  // What nobody said has not come from a wrist.
  if (!alarm.latency_ms || alarm.late || alarm.kind === "missed_check" || alarm.kind === "system") return null;
  const { transport, decided, commit_issued } = alarm.latency_ms;
  const total = Math.round(transport + Math.max(decided, commit_issued));
  return total < 0 ? null : h("span", { class: "chip", title: t("speed.stored_title") }, icon("bolt"), t("speed.stored", { n: total }));
}

/** Who has the alarm, and since when: it may have been passed on since somebody took it. @param {Alarm} alarm */
export function holding(alarm) {
  const taken = lastDecision(alarm);
  const passed = alarm.assignee ? alarm.timeline.findLast((entry) => entry.event === "assign") : null;
  return taken && { who: alarm.assignee ?? taken.actor, since: Math.max(taken.t, passed?.t ?? 0) };
}

/** Whoever is no colleague said their name when they went. @param {Alarm} alarm @param {string} who */
export function holderName(alarm, who) {
  const went = /^(responder|group):/.test(who) && alarm.timeline.findLast((entry) => entry.actor === who && entry.event === "dispatch");
  return (went && went.to) || staffName(who);
}

/** Whether somebody goes along with whom the alarm is about, as its timeline says last. @param {Alarm} alarm */
function accompanied(alarm) {
  const said = alarm.timeline.findLast((entry) => entry.event === "accompanied" || entry.event === "accompanied_ended");
  const until = said?.event === "accompanied" ? Number(said.note) : 0;
  if (until <= now()) return [];
  return [h("span", { class: "chip good", "data-holds-until": until }, icon("together"), t("accompanied.until", { at: new Date(until).toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit" }) }))];
}

/** @param {Alarm} alarm */
function chips(alarm) {
  const has = holding(alarm);
  return h("div", { class: "chips" },
    h("span", { class: `severity-tag severity-${alarm.severity}` }, icon(alarm.severity), t(`severity.${alarm.severity}`)),
    alarm.state !== "open" && h("span", { class: "chip taken" }, t(`state.${alarm.state}`)),
    alarm.state !== "open" && has && h("span", { class: "chip taken" }, t("card.taken_by", { who: holderName(alarm, has.who) }), " · ", ticking(has.since)),
    ...accompanied(alarm),
    alarm.late && h("span", { class: "chip warn" }, t("flag.late")),
    alarm.timeline.some((entry) => entry.event === "again") && h("span", { class: "chip bad" }, t("flag.again")),
    alarm.recovered_at !== null && h("span", { class: "chip good" }, t("flag.recovered")),
    alarm.count > 1 && h("span", { class: "chip" }, t("card.count", { n: alarm.count })),
    speed(alarm));
}

/**
 * `arriving`: whether it has just come. `grouped`: whether it stands under a heading with the person's name. `current`:
 * whether the keyboard is on it.
 * @param {Alarm} alarm
 * @param {{arriving: boolean, grouped: boolean, current: boolean}} how
 * @returns {HTMLElement}
 */
export function card(alarm, { arriving, grouped, current }) {
  const href = `/alarms/${alarm.id}`;
  const what = ruleOf(alarm);
  const place = whoOf(alarm)?.place || (alarm.device ? t("card.device", { device: alarm.device }) : "");
  return h("li", {
    class: `alarm-card severity-${alarm.severity}${alarm.drill ? " drill" : ""}${arriving ? " arriving" : ""}`, id: `alarm-${alarm.id}`,
    "data-id": alarm.id, "data-state": alarm.state, "data-severity": alarm.severity, "data-rule": alarm.rule,
    "aria-current": current && "true",
  },
    h("div", { class: "disc" }, icon(alarm.kind)),
    h("div", {},
      h("div", { class: "who" }, alarm.drill && h("span", { class: "drill-tag" }, t("flag.drill")), h("a", { href }, grouped ? what : nameOf(alarm))),
      h("div", { class: "what" }, !grouped && [what, " · "].join(""), ticking(calledAt(alarm))),
      !grouped && h("div", { class: "where" }, place),
      chips(alarm)),
    h("div", { class: "act" },
      alarm.state === "open" && h("button", { class: "button large acknowledge", type: "button", onclick: (/** @type {MouseEvent} */ event) => take(event, alarm.id) }, icon("check"), t("act.acknowledge")),
      h("a", { class: "button", href }, t("card.open"))));
}

/** @param {Alarm[]} alarms */
function untakenOf(alarms) {
  return alarms.filter((alarm) => alarm.state === "open").length;
}

/** All that a heading says. @param {Alarm[]} alarms */
export function headingStamp(alarms) {
  return JSON.stringify([alarms[0] && whoOf(alarms[0]), alarms.length, untakenOf(alarms)]);
}

/**
 * The heading over the alarms of one person, with an empty list below it.
 * @param {string} key
 * @param {Alarm[]} [alarms]
 * @param {() => void} [takeAll]
 * @returns {HTMLElement}
 */
export function heading(key, alarms = [], takeAll = () => undefined) {
  const [one] = alarms;
  const open = untakenOf(alarms);
  return h("li", { class: "person-group", "data-group": key },
    h("header", {},
      h("div", { class: "whose" },
        h("h2", {}, one ? nameOf(one) : ""),
        h("span", { class: "soft" }, (one && whoOf(one)?.place) || "")),
      h("span", { class: "chip" }, t("card.alarms", { n: alarms.length })),
      open > 1 && h("button", { class: "button large primary take-all", type: "button", onclick: takeAll }, icon("check"), t("act.acknowledge_all", { n: open }))),
    h("ul", {}));
}

/** @param {MouseEvent} event @param {string} id */
async function take(event, id) {
  const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
  button.disabled = true;
  await act(id, "acknowledge");
  button.disabled = false;
  document.dispatchEvent(new Event("book-changed"));
}
