// Drawing the live list so that a change of one alarm touches its card only: nothing under a hand or in focus goes away.

import { become } from "./become.js";
import { active, namesLearnt } from "./book.js";
import { card, heading, headingStamp, stampOf } from "./card.js";
import { need } from "./dom.js";
import { put } from "./places.js";

/**
 * @typedef {import("./groups.js").Group} Group
 * @typedef {import("./types.js").Alarm} Alarm
 * @typedef {{element: HTMLElement, alarm: Alarm, grouped: boolean, names: number, stamp: string}} Card what a card was drawn from
 * @typedef {{element: HTMLElement, stamp: string}} Heading
 */

/** Ids already drawn once, on whatever page: only a new one slides in. @type {Set<string>} */
const drawn = new Set();

export class LiveList {
  #list;
  #takeAll;
  /** By alarm id, in the order in which they are seen. @type {Map<string, Card>} */
  #cards = new Map();
  /** By group. @type {Map<string, Heading>} */
  #headings = new Map();
  /** @type {HTMLElement | null} */
  #chosen = null;

  /**
   * @param {HTMLElement} list
   * @param {(group: Group) => void} takeAll
   */
  constructor(list, takeAll) {
    this.#list = list;
    this.#takeAll = takeAll;
  }

  /** The cards of alarms that are active, in the order in which they are seen; none once the page has gone. @returns {HTMLElement[]} */
  get elements() {
    if (!this.#list.isConnected) return [];
    return [...this.#cards.values()].map(({ element }) => element).filter((element) => !element.inert);
  }

  /**
   * Bring the list into this order, touching only what differs.
   * @param {Group[]} groups
   * @param {{selected: string | null, arrive: boolean}} how `arrive`: whether what has not been drawn before slides in
   */
  show(groups, { selected, arrive }) {
    const focused = document.activeElement;
    const home = focused?.closest("[data-live] .alarm-card")?.id;
    const [cards, headings] = [new Map(), new Map()];
    const cardsOf = (/** @type {Group} */ group) => group.ids.flatMap((id) => {
      const found = this.#cardOf(id, { grouped: group.ids.length > 1, current: id === selected, arrive });
      if (!found) return [];
      cards.set(id, found);
      return [found.element];
    });
    put(this.#list, groups.flatMap((group) => {
      if (group.ids.length < 2) return cardsOf(group);
      const own = this.#headingOf(group);
      headings.set(group.key, own);
      put(need(own.element, "ul"), cardsOf(group));
      return [own.element];
    }));
    this.#cards = cards;
    this.#headings = headings;
    this.mark(selected);
    if (!(focused instanceof HTMLElement) || focused === document.activeElement) return;
    const again = focused.isConnected ? focused : home && document.getElementById(home)?.querySelector("a, button");
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }

  /** Show which card the keyboard is on. @param {string | null} selected */
  mark(selected) {
    const chosen = this.#cards.get(selected ?? "")?.element ?? null;
    if (this.#chosen !== chosen) this.#chosen?.removeAttribute("aria-current");
    this.#chosen = chosen;
    if (chosen && !chosen.hasAttribute("aria-current")) chosen.setAttribute("aria-current", "true");
  }

  /**
   * The card of an alarm, changed in place where it says something else. What has ended stays as it was, and takes no press.
   * @param {string} id
   * @param {{grouped: boolean, current: boolean, arrive: boolean}} how
   * @returns {Card | undefined}
   */
  #cardOf(id, { grouped, current, arrive }) {
    const alarm = active.get(id);
    const known = this.#cards.get(id);
    if (!alarm) {
      if (known && !known.element.inert) known.element.inert = true;
      return known;
    }
    const names = namesLearnt();
    if (known?.alarm === alarm && known.grouped === grouped && known.names === names) return known;
    const stamp = stampOf(alarm, grouped);
    if (known?.stamp === stamp && !known.element.inert) return { ...known, alarm, names };
    const fresh = card(alarm, { arriving: arrive && !drawn.has(id), grouped, current });
    drawn.add(id);
    return { element: known ? become(known.element, fresh) : fresh, alarm, grouped, names, stamp };
  }

  /** @param {Group} group @returns {Heading} */
  #headingOf(group) {
    const known = this.#headings.get(group.key) ?? { element: heading(group.key), stamp: "" };
    const alarms = group.ids.flatMap((id) => active.get(id) ?? []);
    const stamp = headingStamp(alarms);
    if (known.stamp === stamp || !alarms.length) return known;
    become(need(known.element, "header"), need(heading(group.key, alarms, () => this.#takeAll(group)), "header"));
    return { element: known.element, stamp };
  }
}
