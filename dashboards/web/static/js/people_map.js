// The map of everybody with an open alarm, and the same people as a list beside it: one choice moves both.

import { act, takeAll } from "./act.js";
import { callWithin } from "./api.js";
import { active } from "./book.js";
import { openChart } from "./chart.js";
import { learn, now, tick } from "./clock.js";
import { need } from "./dom.js";
import { go } from "./forms.js";
import { t } from "./i18n.js";
import { answer } from "./keys.js";
import { peopleLayers } from "./people_layers.js";
import { markRow, showPeople } from "./people_list.js";
import { placed, peopleOf, waiting } from "./people_placed.js";

/**
 * @typedef {import("./people_placed.js").Located} Located
 * @typedef {import("./people_placed.js").Person} Person
 */

const ASK_EVERY_MS = 4000;
/** On a dead line nobody answers: then the page has to say that it is old. */
const PATIENCE_MS = 12_000;
/** So often everything is asked anew: a home or a zone that somebody corrects is no news of an alarm. */
const ASK_ALL_MS = 120_000;
const LOST_AFTER_MS = 15_000;
/** What the time says, as that a position has grown old, is drawn anew so often. */
const DRAW_ANEW_MS = 15_000;

/** Whom the keyboard and the map are at. @type {string | null} */
let chosen = null;
/** As the list shows them. @type {Person[]} */
let people = [];
/** Brings the choice onto map and list, while the page is open. @type {() => void} */
let follow = () => undefined;

/** @type {import("./types.js").Component} */
export function peopleMap(root, signal) {
  chosen = null;
  answer({ move, open, acknowledge, acknowledgeAll: acknowledge, arrows: true }, signal);
  void live(root, signal);
}

/** @param {HTMLElement} root @param {AbortSignal} signal */
async function live(root, signal) {
  const board = need(root, "[data-board]");
  const list = need(root, "[data-list]");
  const lost = need(root, "[data-lost]");
  /** @type {Map<string, Located>} */
  const located = new Map();
  let cursor = "";
  let heard = now();
  let heardAll = 0;
  /** An answer that a later one has overtaken is no news. */
  let newest = 0;
  let timer = 0;
  let drawing = 0;
  /** @type {Awaited<ReturnType<typeof openChart>>} */
  let chart = null;
  /** @type {ReturnType<typeof peopleLayers> | null} */
  let layers = null;

  const draw = () => {
    drawing = 0;
    if (signal.aborted || !document.documentElement.dataset.ready) return;
    people = peopleOf(active.values(), located);
    if (chosen && !people.some((each) => each.key === chosen)) chosen = null;
    const nobody = people.length === 0;
    need(root, "[data-calm]").hidden = !nobody;
    board.hidden = nobody;
    need(root, "[data-sum]").textContent = nobody ? "" : t("people_map.sum", { n: people.length, waiting: people.filter(waiting).length, nowhere: people.filter((each) => !placed(each)).length });
    showPeople(list, people, chosen);
    tick(list);
    if (!nobody && chart && layers) {
      chart.map.invalidateSize({ pan: false });
      layers.show(people, chosen);
    }
  };
  const drawSoon = () => { drawing ||= requestAnimationFrame(draw); };
  const ask = async () => {
    clearTimeout(timer);
    timer = setTimeout(next, ASK_EVERY_MS);
    const all = now() - heardAll > ASK_ALL_MS;
    try {
      /** @type {{items: Located[], cursor: string, as_of: number}} */
      const answer = await callWithin(PATIENCE_MS, "GET", `/api/v1/map${all || !cursor ? "" : `?after=${cursor}`}`);
      if (signal.aborted || answer.as_of < newest) return;
      newest = answer.as_of;
      if (all) located.clear();
      for (const each of answer.items) located.set(each.key, each);
      cursor = answer.cursor;
      heard = now();
      learn(answer.as_of);
      if (all) heardAll = heard;
      drawSoon();
    } catch {
      if (signal.aborted) return;
    }
    lost.hidden = now() - heard < LOST_AFTER_MS;
  };
  const next = () => { if (!document.hidden) void ask(); };
  follow = () => {
    markRow(list, chosen);
    layers?.show(people, chosen, { goes: true });
  };

  list.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const key = /** @type {HTMLElement | null} */ (event.target.closest("[data-key]"))?.dataset.key;
    if (!key) return;
    if (event.target.closest("[data-take]")) return void take(key);
    if (!event.target.closest("a")) choose(key);
  }, { signal });
  document.addEventListener("book-changed", drawSoon, { signal });
  // The alarms come by the stream: whoever is new among them is somewhere, and that is asked at once.
  document.addEventListener("alarm-seen", (event) => {
    const { id } = /** @type {CustomEvent} */ (event).detail;
    const alarm = active.get(id);
    if (alarm && !peopleOf([alarm], located).every((each) => each.located)) next();
  }, { signal });
  document.addEventListener("visibilitychange", next, { signal });
  const anew = setInterval(drawSoon, DRAW_ANEW_MS);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    clearInterval(anew);
    cancelAnimationFrame(drawing);
    follow = () => undefined;
    people = [];
  });

  board.hidden = false;
  chart = await openChart(root, signal);
  if (!chart) return;
  layers = peopleLayers(chart, signal, choose);
  need(root, "[data-whole]").addEventListener("click", () => { chosen = null; follow(); layers?.whole(); }, { signal });
  await ask();
  draw();
}

/** @param {string} key */
function choose(key) {
  chosen = key;
  follow();
}

/** Move the choice by one, on the list and on the map. @param {1 | -1} by */
function move(by) {
  const at = people.findIndex((each) => each.key === chosen);
  const to = people[Math.min(people.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : people.length - 1) : at + by))];
  if (to) choose(to.key);
}

/** Open the page of the chosen person's worst alarm. */
function open() {
  const person = people.find((each) => each.key === chosen);
  if (person) go(`/alarms/${person.worst.id}`);
}

/** Take what is open of the chosen person, or of the first whom nobody has. */
async function acknowledge() {
  const person = people.find((each) => each.key === chosen && waiting(each)) ?? people.find(waiting);
  if (person) await take(person.key);
}

/** @param {string} key */
async function take(key) {
  const person = people.find((each) => each.key === key);
  const open = person?.alarms.filter((alarm) => alarm.state === "open") ?? [];
  if (!person || !open[0]) return;
  if (person.whom && open.length > 1) await takeAll(person.whom);
  else await act(open[0].id, "acknowledge");
  document.dispatchEvent(new Event("book-changed"));
}
