// The page "Now": the list of what calls for somebody, or the calm of a community that is well.

import { act } from "./act.js";
import { active, byUrgency } from "./book.js";
import { card } from "./card.js";
import { tick } from "./clock.js";
import { need } from "./dom.js";

/** Which card the keyboard is on, by alarm id. @type {string | null} */
let selected = null;

/** So long opening a page may take before the browser loads it whole. */
const OPENING_MS = 1500;
/** Ids already drawn once: only a new one slides in. @type {Set<string>} */
const drawn = new Set();
let first = true;

/** @type {import("./types.js").Component} */
export function now(root, signal) {
  const list = need(root, "[data-live]");
  const calm = need(root, "[data-calm]");
  const draw = () => {
    const alarms = [...active.values()].sort(byUrgency);
    list.replaceChildren(...alarms.map((alarm) => card(alarm, !first && !drawn.has(alarm.id))));
    for (const alarm of alarms) drawn.add(alarm.id);
    list.hidden = alarms.length === 0;
    calm.hidden = alarms.length > 0;
    window.htmx.process(list);
    tick(list);
    mark(list);
  };
  document.addEventListener("book-changed", draw, { signal });
  document.addEventListener("book-ready", () => { draw(); first = false; }, { signal });
  if (root.ownerDocument.documentElement.dataset.ready) draw();
}

/** @param {HTMLElement} list */
function mark(list) {
  for (const element of list.children) element.setAttribute("aria-selected", String(/** @type {HTMLElement} */ (element).dataset.id === selected));
}

/** Move the keyboard's place by one. @param {1 | -1} by */
export function move(by) {
  const list = document.querySelector("[data-live]");
  if (!(list instanceof HTMLElement) || !list.children.length) return;
  const ids = [...list.children].map((element) => /** @type {HTMLElement} */ (element).dataset.id ?? "");
  const at = selected ? ids.indexOf(selected) : -1;
  const next = Math.min(ids.length - 1, Math.max(0, at + (at < 0 && by < 0 ? 1 : by)));
  selected = ids[next] ?? null;
  mark(list);
  list.children[next]?.scrollIntoView({ block: "nearest" });
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

/** Take the chosen alarm, or the topmost untaken one. */
export async function acknowledge() {
  const list = document.querySelector("[data-live]");
  if (!list) return;
  const chosen = selected && active.get(selected)?.state === "open" ? selected : [...active.values()].sort(byUrgency).find((alarm) => alarm.state === "open")?.id;
  if (!chosen) return;
  await act(chosen, "acknowledge");
  document.dispatchEvent(new Event("book-changed"));
}
