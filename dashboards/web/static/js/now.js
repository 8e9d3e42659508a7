// The page "Now": the list of what calls for somebody, or the calm of a community that is well.

import { act, takeAll } from "./act.js";
import { active, untaken } from "./book.js";
import { nameOf, ruleOf } from "./card.js";
import { hide, icon, need, say, toast } from "./dom.js";
import { arranged, headingOf, missingFrom, movedBetween } from "./groups.js";
import { Hand, STARTLED_MS } from "./hand.js";
import { t } from "./i18n.js";
import { answer } from "./keys.js";
import { LiveList } from "./livelist.js";
import { soon } from "./soon.js";

/** @typedef {import("./groups.js").Group} Group */

/** Which card the keyboard is on, by alarm id. @type {string | null} */
let selected = null;

/** Whether `selected` was chosen by hand: what a key has taken is no choice for the next. */
let isChosen = false;

/** The topmost alarm that nobody has, as it was drawn last, and when another one stood there. @type {string | undefined} */
let topmost;
let toppledAt = -Infinity;

/** The list on the page. @type {LiveList | null} */
let live = null;

/** So many headings are drawn at once, and so many more with each frame: the first screen does not wait for hundreds. */
const AT_ONCE = 16;

/** So long opening a page may take before the browser loads it whole. */
const OPENING_MS = 1500;

/** Whether all that was there at first has been drawn: what comes now has just come. */
let settled = false;

/** @type {import("./types.js").Component} */
export function now(root, signal) {
  const list = need(root, "[data-live]");
  const calm = need(root, "[data-calm]");
  const herald = need(root, "[data-herald]");
  const shown = new LiveList(list, (group) => void take(group));
  live = shown;
  topmost = undefined;
  isChosen &&= active.get(selected ?? "")?.state === "open";
  /** @type {Group[]} */
  let groups = [];
  let reach = AT_ONCE;
  const draw = () => {
    const alarms = [...active.values()];
    const stays = hand.isThere && groups.length > 0 && alarms.length > 0;
    const wanted = stays ? groups : arranged(alarms);
    if (movedBetween(groups, wanted)) hand.shifted();
    groups = wanted;
    shown.show(groups.slice(0, reach), { selected, arrive: settled });
    noteTopmost();
    announce(herald, missingFrom(groups, alarms));
    hide(list, groups.length === 0);
    hide(calm, groups.length > 0);
    say(need(root, "[data-waiting]"), groups.length ? t("now.waiting", { n: untaken().length }) : "");
    if (reach < groups.length) {
      reach += AT_ONCE;
      later();
    } else if (document.documentElement.dataset.ready) settled = true;
  };
  const later = soon(draw, signal);
  const hand = new Hand(list, signal, draw);
  herald.addEventListener("click", () => {
    hand.release();
    draw();
  }, { signal });
  list.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    follow(link.pathname);
  }, { signal });
  answer({ move, open, acknowledge, acknowledgeAll }, signal);
  document.addEventListener("book-changed", later, { signal });
  document.addEventListener("book-ready", draw, { signal });
  if (document.documentElement.dataset.ready) draw();
}

/** Say above the list what has come while a hand is at it. @param {HTMLElement} herald @param {import("./types.js").Alarm[]} waiting */
function announce(herald, waiting) {
  const [worst] = waiting;
  hide(herald, !worst);
  if (!worst) return;
  const more = waiting.length - 1;
  herald.className = `button herald severity-${worst.severity}`;
  herald.replaceChildren(icon(worst.severity), t(more ? "now.herald_more" : "now.herald", { who: nameOf(worst), what: ruleOf(worst), n: more }));
}

/** @param {Group} group */
async function take(group) {
  if (group.whom) await takeAll(group.whom);
  document.dispatchEvent(new Event("book-changed"));
}

/** Move the keyboard's place by one. @param {1 | -1} by */
function move(by) {
  const seen = live?.elements ?? [];
  const at = selected ? seen.findIndex((element) => element.dataset.id === selected) : -1;
  const next = seen[Math.min(seen.length - 1, Math.max(0, at + (at < 0 && by < 0 ? 1 : by)))];
  if (!next) return;
  selected = next.dataset.id ?? null;
  isChosen = true;
  live?.mark(selected);
  next.scrollIntoView({ block: "nearest" });
}

/** Open the chosen alarm's page. */
function open() {
  if (selected && document.querySelector(`#alarm-${CSS.escape(selected)}`)) follow(`/alarms/${selected}`);
}

/** Go to a page by a link of its own: a card, and its link, may leave the list while the page is on its way. @param {string} path */
function follow(path) {
  const link = document.createElement("a");
  link.href = path;
  link.hidden = true;
  const page = document.querySelector("#page") ?? document.body;
  page.append(link);
  window.htmx.process(link);
  link.click();
  setTimeout(() => {
    if (link.isConnected) location.assign(link.href);
  }, OPENING_MS);
}

/** The topmost alarm that nobody has, as the list shows them. */
function topmostUntaken() {
  return (live?.elements ?? []).map((element) => element.dataset.id ?? "").find((id) => active.get(id)?.state === "open");
}

/** Remember which one stands topmost, and when it took the place of another. */
function noteTopmost() {
  const now = topmostUntaken();
  if (topmost && now !== topmost) toppledAt = performance.now();
  topmost = now;
}

/**
 * What a key takes: the chosen alarm, else the topmost one that nobody has. Nothing, and it is said why, where that is
 * not the one that was meant: the chosen one is gone, or another has just come to the top.
 */
function meant() {
  if (isChosen) {
    const state = active.get(selected ?? "")?.state;
    if (state === "open") return selected;
    toast(t(state ? "now.chosen_taken" : "now.chosen_gone"), "warn");
    if (state) return null;
    isChosen = false;
    toppledAt = performance.now();
    return null;
  }
  const id = topmostUntaken();
  if (!id || (id === topmost && performance.now() - toppledAt >= STARTLED_MS)) return id;
  toast(t("now.just_moved"), "warn");
  return null;
}

/** Take the chosen alarm, or the topmost untaken one. */
async function acknowledge() {
  const id = meant();
  if (id) await takeOne(id);
}

/** @param {string} id */
async function takeOne(id) {
  selected = id;
  if (await act(id, "acknowledge") && selected === id) isChosen = false;
  document.dispatchEvent(new Event("book-changed"));
}

/** Take all that is open of the person of the chosen alarm, or of the topmost untaken one. */
async function acknowledgeAll() {
  const alarm = active.get(meant() ?? "");
  if (!alarm) return;
  const group = arranged(active.values()).find((each) => each.key === headingOf(alarm));
  if (!group?.whom) return takeOne(alarm.id);
  isChosen = false;
  await take(group);
}
