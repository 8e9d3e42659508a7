// Whose alarms belong under one heading, and in which order the headings stand.

import { byUrgency } from "./book.js";

/**
 * @typedef {import("./types.js").Alarm} Alarm
 * @typedef {{kind: "residents" | "households", id: string}} Whom who is taken care of with one word
 * @typedef {{key: string, whom: Whom | null, ids: string[]}} Group
 */

/** The heading under which an alarm stands. @param {Alarm} alarm */
export function headingOf(alarm) {
  if (alarm.resident) return `residents/${alarm.resident}`;
  if (alarm.household) return `households/${alarm.household}`;
  return `alarms/${alarm.id}`;
}

/**
 * Alarms under their headings: the heading of the most urgent first, and so within each.
 * @param {Iterable<Alarm>} alarms
 * @returns {Group[]}
 */
export function arranged(alarms) {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const alarm of [...alarms].sort(byUrgency)) {
    const key = headingOf(alarm);
    const [kind, id] = /** @type {["residents" | "households" | "alarms", string]} */ (key.split("/", 2));
    const group = groups.get(key) ?? { key, whom: kind === "alarms" ? null : { kind, id }, ids: [] };
    group.ids.push(alarm.id);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/**
 * Whether anything that stood in the list stands elsewhere in the other.
 * @param {Group[]} before
 * @param {Group[]} after
 */
export function movedBetween(before, after) {
  const places = new Map(after.flatMap((group) => group.ids).map((id, place) => [id, place]));
  return before.flatMap((group) => group.ids).some((id, place) => (places.get(id) ?? place) !== place);
}

/**
 * What has come since a list was arranged and is not in it.
 * @param {Group[]} groups
 * @param {Iterable<Alarm>} alarms
 * @returns {Alarm[]} the most urgent first
 */
export function missingFrom(groups, alarms) {
  const listed = new Set(groups.flatMap((group) => group.ids));
  return [...alarms].filter((alarm) => !listed.has(alarm.id)).sort(byUrgency);
}
