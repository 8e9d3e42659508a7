// The page "Now": the list of what calls for somebody, or the calm of a community that is well.

import { act, takeAll } from "./act.js";
import { active, untaken } from "./book.js";
import { nameOf, ruleOf } from "./card.js";
import { tick } from "./clock.js";
import { icon, need } from "./dom.js";
import { arranged, headingOf, missingFrom, movedBetween } from "./groups.js";
import { Hand } from "./hand.js";
import { t } from "./i18n.js";
import { mark, show } from "./livelist.js";
import { soon } from "./soon.js";

/** @typedef {import("./groups.js").Group} Group */

/** Which card the keyboard is on, by alarm id. @type {string | null} */
let selected = null;

/** So long opening a page may take before the browser loads it whole. */
const OPENING_MS = 1500;
let first = true;

/** @type {import("./types.js").Component} */
export function now(root, signal) {
  const list = need(root, "[data-live]");
  const calm = need(root, "[data-calm]");
  const herald = need(root, "[data-herald]");
  /** @type {Group[]} */
  let groups = [];
  const draw = () => {
    const alarms = [...active.values()];
    const stays = hand.isThere && groups.length > 0 && alarms.length > 0;
    const wanted = stays ? groups : arranged(alarms);
    if (movedBetween(groups, wanted)) hand.shifted();
    groups = wanted;
    show(list, groups, { selected, first, take: (group) => void take(group) });
    announce(herald, missingFrom(groups, alarms));
    list.hidden = groups.length === 0;
    calm.hidden = groups.length > 0;
    need(root, "[data-waiting]").textContent = groups.length ? t("now.waiting", { n: untaken().length }) : "";
    tick(list);
  };
  const hand = new Hand(list, signal, draw);
  herald.addEventListener("click", () => {
    hand.release();
    draw();
  }, { signal });
  document.addEventListener("book-changed", soon(draw, signal), { signal });
  document.addEventListener("book-ready", () => { draw(); first = false; }, { signal });
  if (root.ownerDocument.documentElement.dataset.ready) draw();
}

/** Say above the list what has come while a hand is at it. @param {HTMLElement} herald @param {import("./types.js").Alarm[]} waiting */
function announce(herald, waiting) {
  const [worst] = waiting;
  herald.hidden = !worst;
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

/** The cards in the order in which they are seen. @returns {HTMLElement[]} */
function cards() {
  return [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-live] .alarm-card:not([inert])"))];
}

/** Move the keyboard's place by one. @param {1 | -1} by */
export function move(by) {
  const seen = cards();
  const at = selected ? seen.findIndex((element) => element.dataset.id === selected) : -1;
  const next = seen[Math.min(seen.length - 1, Math.max(0, at + (at < 0 && by < 0 ? 1 : by)))];
  if (!next) return;
  selected = next.dataset.id ?? null;
  mark(need(document, "[data-live]"), selected);
  next.scrollIntoView({ block: "nearest" });
}

/** Open the chosen alarm's page. */
export function open() {
  if (!selected || !document.querySelector(`#alarm-${CSS.escape(selected)}`)) return;
  // A link of its own: the card's may be drawn anew at any moment, and its click be lost with it.
  const link = document.createElement("a");
  link.href = `/alarms/${selected}`;
  link.hidden = true;
  const page = document.querySelector("#page") ?? document.body;
  page.append(link);
  window.htmx.process(link);
  link.click();
  setTimeout(() => {
    if (link.isConnected) location.assign(link.href);
  }, OPENING_MS);
}

/** The chosen alarm if nobody has it, else the topmost one that nobody has, as the list shows them. */
function nextUntaken() {
  const waiting = cards().filter((element) => active.get(element.dataset.id ?? "")?.state === "open");
  return (waiting.find((element) => element.dataset.id === selected) ?? waiting[0])?.dataset.id;
}

/** Take the chosen alarm, or the topmost untaken one. */
export async function acknowledge() {
  const id = nextUntaken();
  if (!id) return;
  selected = id;
  await act(id, "acknowledge");
  document.dispatchEvent(new Event("book-changed"));
}

/** Take all that is open of the person of the chosen alarm, or of the topmost untaken one. */
export async function acknowledgeAll() {
  const alarm = active.get(nextUntaken() ?? "");
  if (!alarm) return;
  const group = arranged(active.values()).find((each) => each.key === headingOf(alarm));
  if (group?.whom) await take(group);
  else await acknowledge();
}
