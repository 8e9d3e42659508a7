// Drawing the live list so that what does not change stays in place: nothing under a hand or in focus goes away.

import { active } from "./book.js";
import { card, heading, headingStamp, stampOf } from "./card.js";
import { need } from "./dom.js";
import { put } from "./places.js";

/** @typedef {import("./groups.js").Group} Group */

/** Ids already drawn once: only a new one slides in. @type {Set<string>} */
const drawn = new Set();
/** What each drawn card and heading says. @type {WeakMap<Element, string>} */
const stamps = new WeakMap();

/**
 * Bring the list into this order, touching only what differs.
 * @param {HTMLElement} list
 * @param {Group[]} groups
 * @param {{selected: string | null, first: boolean, take: (group: Group) => void}} how `first`: nothing slides in
 */
export function show(list, groups, { selected, first, take }) {
  const focused = document.activeElement;
  const home = focused?.closest("[data-live] .alarm-card")?.id;
  const cards = byData(list, ".alarm-card", "id");
  const headings = byData(list, ".person-group", "group");
  const cardOf = (/** @type {string} */ id, /** @type {boolean} */ grouped) => {
    const alarm = active.get(id);
    const known = cards.get(id);
    if (!alarm) {
      if (known) known.inert = true;
      return known;
    }
    const stamp = stampOf(alarm, grouped);
    if (known && stamps.get(known) === stamp) return known;
    const fresh = card(alarm, { arriving: !first && !drawn.has(id), grouped });
    stamps.set(fresh, stamp);
    drawn.add(id);
    window.htmx.process(fresh);
    return fresh;
  };
  put(list, groups.flatMap((group) => {
    const own = group.ids.map((id) => cardOf(id, group.ids.length > 1)).filter((element) => element !== undefined);
    if (group.ids.length < 2) return own;
    const item = headings.get(group.key) ?? heading(group.key);
    const known = group.ids.flatMap((id) => active.get(id) ?? []);
    const stamp = headingStamp(known);
    if (stamps.get(item) !== stamp && known.length) {
      need(item, "header").replaceWith(need(heading(group.key, known, () => take(group)), "header"));
      stamps.set(item, stamp);
    }
    put(need(item, "ul"), own);
    return [item];
  }));
  mark(list, selected);
  if (!(focused instanceof HTMLElement) || focused === document.activeElement) return;
  const again = focused.isConnected ? focused : home && document.getElementById(home)?.querySelector("a, button");
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/** Show which card the keyboard is on. @param {HTMLElement} list @param {string | null} selected */
export function mark(list, selected) {
  const chosen = selected ? list.querySelector(`#alarm-${CSS.escape(selected)}`) : null;
  for (const element of list.querySelectorAll("[aria-current]")) if (element !== chosen) element.removeAttribute("aria-current");
  chosen?.setAttribute("aria-current", "true");
}

/** @param {HTMLElement} list @param {string} selector @param {string} name @returns {Map<string, HTMLElement>} */
function byData(list, selector, name) {
  /** @type {NodeListOf<HTMLElement>} */
  const found = list.querySelectorAll(selector);
  return new Map([...found].map((element) => [element.dataset[name] ?? "", element]));
}
