// Who has an open alarm, in which order, and where they are: what both the map and its list are drawn from.

import { calledAt } from "./book.js";
import { arranged } from "./groups.js";
import { now } from "./clock.js";

/**
 * @typedef {import("./types.js").Alarm} Alarm
 * @typedef {import("./types.js").TrackPoint} TrackPoint
 * @typedef {{lat: number, lon: number}} Place
 * @typedef {{key: string, home: Place | null, timezone: string | null, zones: import("./types.js").Zone[], track: TrackPoint[], last: TrackPoint | null, certain: TrackPoint | null}} Located
 * @typedef {{key: string, whom: import("./groups.js").Whom | null, alarms: Alarm[], worst: Alarm, chief: Alarm, since: number, located: Located | null}} Person
 * `worst` says how grave it is for them; `chief` what is to be done: the worst that nobody has taken, if there is one.
 * @typedef {"fresh" | "old" | "home"} Standing how well it is known where somebody is
 * @typedef {{at: Place, standing: Standing, fix: TrackPoint | null}} Spot
 */

export const SEVERITIES = /** @type {const} */ (["critical", "high", "medium", "low"]);
/** Longer ago says where somebody was: a band at its usual pace reports each 5 minutes. Assumption, ADR 43. */
const FRESH_MS = 10 * 60_000;

/**
 * The people of these alarms: by severity, and of the same who has waited longest.
 * @param {Iterable<Alarm>} alarms
 * @param {Map<string, Located>} located
 * @returns {Person[]}
 */
export function peopleOf(alarms, located) {
  const concerned = new Map([...alarms].filter(isOfSomebody).map((alarm) => [alarm.id, alarm]));
  return arranged(concerned.values()).flatMap(({ key, whom, ids }) => {
    const own = ids.flatMap((id) => concerned.get(id) ?? []);
    const byGravity = [...own].sort((a, b) => rank(a) - rank(b) || calledAt(a) - calledAt(b));
    const [worst] = byGravity;
    const chief = byGravity.find((alarm) => alarm.state === "open") ?? worst;
    return worst && chief ? [{ key, whom, alarms: own, worst, chief, since: calledAt(chief), located: located.get(key) ?? null }] : [];
  }).sort((a, b) => rank(a.worst) - rank(b.worst) || a.since - b.since || (a.key < b.key ? -1 : 1));
}

/** A lent box that is silent, or a whole centre, is nobody. @param {Alarm} alarm */
function isOfSomebody({ kind, resident, household }) {
  return kind !== "system" && (kind !== "device" || resident !== null || household !== null);
}

/** @param {Alarm} alarm */
function rank({ severity }) {
  return SEVERITIES.indexOf(severity);
}

/** Whether nobody has taken one of their alarms. @param {Person} person */
export function waiting({ alarms }) {
  return alarms.some((alarm) => alarm.state === "open");
}

/** Where a person stands on the map; null: nowhere. @param {Person} person @returns {Spot | null} */
export function placed({ located }) {
  if (!located) return null;
  const fix = located.certain ?? located.last;
  if (fix) return { at: fix, standing: now() - fix.t > FRESH_MS ? "old" : "fresh", fix };
  return located.home && { at: located.home, standing: "home", fix: null };
}
