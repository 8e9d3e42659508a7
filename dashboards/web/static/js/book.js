// The active alarms as the desk knows them, their order, and who is who.

import { call } from "./api.js";
import { textOr } from "./i18n.js";

/**
 * @typedef {import("./types.js").Alarm} Alarm
 * @typedef {import("./types.js").Directory} Directory
 */

const ACTIVE = new Set(["open", "acknowledged", "dispatched", "on_scene"]);
const RANK = { critical: 3, high: 2, medium: 1, low: 0 };
const SOUNDING = new Set(["opened", "again", "real", "reopen", "release"]);

/** Active alarms by id. @type {Map<string, Alarm>} */
export const active = new Map();

/** So many ended alarms are remembered: far more than end while a stream is lost. */
const ENDED_KEPT = 1000;

/** With which version alarms ended, the latest last: what came before it may still be on its way. @type {Map<string, number>} */
const ended = new Map();

/** Time from wrist to screen, ms, of alarms that came while we watched. @type {Map<string, number>} */
export const measured = new Map();

/** @type {Directory} */
let directory = { residents: {}, households: {}, sites: {}, staff: {} };

/** An alarm that changes is another object, so that this holds. @type {WeakMap<Alarm, number>} */
const called = new WeakMap();

/** When an alarm last called for somebody, ms. @param {Alarm} alarm */
export function calledAt(alarm) {
  const known = called.get(alarm);
  if (known !== undefined) return known;
  const grew = grewFromLow(alarm);
  const at = alarm.timeline.findLast((entry) => entry === grew || SOUNDING.has(entry.event))?.t ?? alarm.raised_at;
  called.set(alarm, at);
  return at;
}

/** With which line of its timeline it became more than low; older timelines prove it only where it became medium. @param {Alarm} alarm */
function grewFromLow(alarm) {
  const low = alarm.timeline.some((entry) => entry.event === "opened" && entry.note === "low");
  return alarm.timeline.find((entry) => entry.event === "severity_raised" && entry.t >= alarm.raised_at && (low || entry.note === "medium"));
}

/** How much an alarm wants attention: a taken one stands behind the untaken ones of the next lower severity. @param {Alarm} alarm */
function urgency(alarm) {
  return 2 * RANK[alarm.severity] + (alarm.state === "open" ? 3 : 0);
}

/** Worst first, then newest. @param {Alarm} a @param {Alarm} b */
export function byUrgency(a, b) {
  return urgency(b) - urgency(a) || calledAt(b) - calledAt(a);
}

/** Alarms that nobody has taken. @returns {Alarm[]} */
export function untaken() {
  return [...active.values()].filter((alarm) => alarm.state === "open");
}

/** Whether a later version is known, be it that the alarm has ended since. @param {Alarm} alarm */
export function isOutdated({ id, version }) {
  return (active.get(id)?.version ?? ended.get(id) ?? 0) > version;
}

/**
 * Take in an alarm; older versions than the known one are ignored.
 * @param {Alarm} alarm
 * @returns {boolean} whether it was not there before
 */
export function put(alarm) {
  if (isOutdated(alarm)) return false;
  const isNew = !active.has(alarm.id);
  ended.delete(alarm.id);
  if (ACTIVE.has(alarm.state)) {
    active.set(alarm.id, alarm);
    return isNew;
  }
  active.delete(alarm.id);
  ended.set(alarm.id, alarm.version);
  for (const oldest of ended.keys()) {
    if (ended.size <= ENDED_KEPT) break;
    ended.delete(oldest);
  }
  return false;
}

/** Load the active alarms anew. @returns {Promise<number>} the change to stream from */
export async function reload() {
  const every = "/api/v1/alarms?state=active&limit=500";
  /** @type {[{items: Alarm[], next: string | null, change: number}, void]} */
  const [first] = await Promise.all([call("GET", every), knowWho()]);
  const found = [...first.items];
  for (let next = first.next; next; ) {
    const more = await call("GET", `${every}&before=${encodeURIComponent(next)}`);
    found.push(...more.items);
    next = more.next;
  }
  active.clear();
  for (const alarm of found) put(alarm);
  return first.change;
}

let learnt = 0;
let learntAt = 0;

/** How often names have come: while it stays the same, everybody is called what they were. */
export function namesLearnt() {
  return learnt;
}

async function knowWho() {
  directory = await call("GET", "/console/directory");
  learnt += 1;
  learntAt = Date.now();
}

const ASK_EVERY_MS = 2000;
/** Who has a name may have got another one since. */
const STALE_MS = 30_000;
const TRIES = 2;
let asked = 0;
/** @type {Promise<void> | null} */
let asking = null;
/** @type {Promise<boolean> | null} */
let renewing = null;

/** Ask for all names, at most once in 2 s; who comes meanwhile waits for the same answer. */
async function askWho() {
  await new Promise((resolve) => { setTimeout(resolve, Math.max(0, asked + ASK_EVERY_MS - Date.now())); });
  asked = Date.now();
  await knowWho();
}

/** Ask for all names anew, once those that are known are 30 s old. @returns {Promise<boolean>} whether they came */
async function renewWho() {
  await new Promise((resolve) => { setTimeout(resolve, Math.max(0, learntAt + STALE_MS - Date.now())); });
  try {
    await (asking ??= askWho().finally(() => { asking = null; }));
    return true;
  } catch {
    return false; // the next alarm asks again
  }
}

/** Make sure that an alarm's person has a name, and the one that they have now. @param {Alarm} alarm @returns {Promise<boolean>} whether something was learnt */
export async function learnNameOf(alarm) {
  if (!(alarm.resident || alarm.household)) return false;
  let learnt = false;
  for (let tries = 0; tries < TRIES && !whoOf(alarm); tries += 1) {
    await (asking ??= askWho().finally(() => { asking = null; }));
    learnt = true;
  }
  if (learnt || renewing) return learnt;
  renewing = renewWho().finally(() => { renewing = null; });
  return renewing;
}

/** The resident, or the household whose box it was. @param {Alarm} alarm @returns {{name: string, place: string} | null} */
export function whoOf(alarm) {
  if (alarm.resident) return directory.residents[alarm.resident] ?? null;
  return (alarm.household && directory.households[alarm.household]) || null;
}

/** What a centre is called. @param {string} site */
export function siteName(site) {
  return directory.sites[site] ?? site;
}

/** Whether an alarm that somebody has cries again, by what was known of it. @param {Alarm} alarm */
export function criesAgain(alarm) {
  const again = (/** @type {Alarm | undefined} */ each) => each?.timeline.filter((entry) => entry.event === "again").length ?? 0;
  const known = active.get(alarm.id);
  return known !== undefined && alarm.state !== "open" && again(alarm) > again(known);
}

/** Whether an alarm begins to call for somebody, by what was known of it: it is new, was low, or somebody had it. @param {Alarm} alarm */
export function beginsToCall(alarm) {
  const calls = (/** @type {Alarm | undefined} */ each) => each?.state === "open" && each.severity !== "low";
  const known = active.get(alarm.id);
  return calls(alarm) && !calls(known) && (known?.version ?? 0) <= alarm.version;
}

/** Who has just said that they have found them, by what was known of it; empty: nobody. @param {Alarm} alarm */
export function foundBy(alarm) {
  const said = (/** @type {Alarm | undefined} */ each) => each?.timeline.filter((entry) => entry.event === "helper_found") ?? [];
  const known = active.get(alarm.id);
  const now = said(alarm);
  return known !== undefined && now.length > said(known).length ? (now.at(-1)?.to ?? "") : "";
}

/** The name by which a colleague is known. @param {string} username */
export function staffName(username) {
  return directory.staff[username] || textOr(`actor.${username}`, username);
}
