// The people of the map as a list: by severity, the longest waiting first, where each is, and who has it.

import { fromHome, metres } from "./bearings.js";
import { staffName, whoOf } from "./book.js";
import { holderName, holding, nameOf, ruleOf } from "./card.js";
import { now } from "./clock.js";
import { h, icon } from "./dom.js";
import { ago, t } from "./i18n.js";
import { placed, SEVERITIES, waiting } from "./people_placed.js";

/** @typedef {import("./people_placed.js").Person} Person */

/** What each drawn row says. @type {WeakMap<Element, string>} */
const stamps = new WeakMap();

/**
 * Bring the list up to date, touching only what differs.
 * @param {HTMLElement} list
 * @param {Person[]} people in their order
 * @param {string | null} chosen
 */
export function showPeople(list, people, chosen) {
  /** @type {NodeListOf<HTMLElement>} */
  const drawn = list.querySelectorAll("[data-key]");
  const rows = new Map([...drawn].map((row) => [row.dataset.key ?? "", row]));
  const focused = /** @type {HTMLElement | null} */ (document.activeElement?.closest("[data-key]"))?.dataset.key;
  const wanted = SEVERITIES.flatMap((severity) => {
    const own = people.filter((each) => each.worst.severity === severity);
    if (!own.length) return [];
    return [heading(list, severity, own.length), ...own.map((person) => {
      const stamp = stampOf(person);
      const known = rows.get(person.key);
      if (known && stamps.get(known) === stamp) return known;
      const fresh = row(person);
      stamps.set(fresh, stamp);
      window.htmx.process(fresh);
      return fresh;
    })];
  });
  put(list, wanted);
  markRow(list, chosen, false);
  if (focused && document.activeElement === document.body) {
    const again = list.querySelector(`[data-key="${CSS.escape(focused)}"] button`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }
}

/** Show who is chosen. @param {HTMLElement} list @param {string | null} chosen @param {boolean} [scrolls] */
export function markRow(list, chosen, scrolls = true) {
  /** @type {NodeListOf<HTMLElement>} */
  const rows = list.querySelectorAll("[data-key]");
  for (const each of rows) {
    const here = each.dataset.key === chosen;
    if (each.classList.contains("chosen") === here && !here) continue;
    each.classList.toggle("chosen", here);
    each.querySelector("[data-choose]")?.setAttribute("aria-pressed", String(here));
    if (here && scrolls) each.scrollIntoView({ block: "nearest" });
  }
}

/** @param {HTMLElement} list @param {string} severity @param {number} count */
function heading(list, severity, count) {
  const known = list.querySelector(`h2[data-severity="${severity}"]`);
  const text = t("people_map.of_severity", { severity: t(`severity.${severity}`), n: count });
  if (known?.textContent === text) return known;
  return h("h2", { class: `severity-${severity}`, "data-severity": severity }, icon(severity), text);
}

/** @param {Person} person */
function stampOf({ alarms, worst, chief, located }) {
  const [where, since] = whereIs({ alarms, worst, located });
  const has = holding(chief);
  return JSON.stringify([alarms.map((alarm) => [alarm.id, alarm.version]), whoOf(worst), where, since, staffName(has?.who ?? "")]);
}

/** @param {Person} person */
function row(person) {
  const { key, alarms, worst, chief, since } = person;
  const [where, at] = whereIs(person);
  const has = holding(chief);
  const open = waiting(person);
  const astray = alarms.find((alarm) => alarm.kind === "wandering");
  const spot = placed(person);
  return h("article", { class: `people-map-row severity-${worst.severity}${worst.drill ? " drill" : ""}`, "data-key": key, "data-state": chief.state },
    h("button", { class: "people-map-choose", type: "button", "data-choose": true, "aria-pressed": "false" },
      icon(chief.kind),
      h("span", { class: "who" }, h("span", { class: `chip has ${chief.state === "open" ? "bad" : "taken"}` }, has && chief.state !== "open" ? t(`people_map.has.${chief.state}`, { who: holderName(chief, has.who) }) : t("people_map.nobody_has")),
        chief.drill && h("span", { class: "drill-tag" }, t("flag.drill")), nameOf(worst)),
      h("span", { class: "what" }, ruleOf(chief), alarms.length > 1 && t("people_map.more", { n: alarms.length - 1 }), " · ", h("time", { "data-ago": since }, ago(now() - since))),
      h("span", { class: `where ${spot?.standing ?? "nowhere"}` }, icon(spot ? (spot.standing === "home" ? "home" : "locate") : "warning"), where, at !== null && [" · "].join(""), at !== null && h("time", { "data-ago": at }, ago(now() - at)))),
    h("div", { class: "people-map-deeds" },
      document.documentElement.dataset.acts === "yes" && open && h("button", { class: "button", type: "button", "data-take": true }, icon("check"), t("act.acknowledge")),
      astray && h("a", { class: "button", href: `/search/${astray.id}` }, t("where.search")),
      h("a", { class: "button", href: `/alarms/${chief.id}` }, t("card.open"))));
}

/**
 * Where somebody is, in words, and since when that is known where it counts up.
 * @param {{alarms: import("./types.js").Alarm[], worst: import("./types.js").Alarm, located: import("./people_placed.js").Located | null}} person
 * @returns {[string, number | null]}
 */
function whereIs(person) {
  const { located, worst } = person;
  const spot = placed(/** @type {Person} */ (person));
  if (!spot) return [t("people_map.nowhere"), null];
  if (!spot.fix) return [t("people_map.no_position", { place: whoOf(worst)?.place || t("map.home") }), null];
  const place = fromHome(located?.home ?? null, spot.fix) || t("people_map.placed");
  if (spot.standing === "fresh") return [`${place}${spot.fix.sure === false ? ` ${t("people_map.unsure", { m: metres(spot.fix.accuracy_m ?? 0) })}` : ""}`, spot.fix.t];
  return [t("people_map.last_at", { at: clockOf(spot.fix.t, located?.timezone), place }), null];
}

/** @param {number} at @param {string | null} [timezone] */
export function clockOf(at, timezone) {
  return new Date(at).toLocaleTimeString("sv-SE", { timeZone: timezone ?? undefined, hour: "2-digit", minute: "2-digit" });
}

/** @param {HTMLElement} parent @param {Element[]} wanted */
function put(parent, wanted) {
  let at = parent.firstElementChild;
  for (const element of wanted) {
    if (element === at) at = at.nextElementSibling;
    else parent.insertBefore(element, at);
  }
  while (at) {
    const next = at.nextElementSibling;
    at.remove();
    at = next;
  }
}
