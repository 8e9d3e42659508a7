// Everything at the desk by keyboard; "?" tells how.

import * as checks from "./checks.js";
import { need } from "./dom.js";
import { focusFinder } from "./finder.js";
import { go } from "./forms.js";
import * as now from "./now.js";
import { showFirst } from "./phones.js";
import * as peopleMap from "./people_map.js";
import { printSheet } from "./sheet.js";
import * as today from "./today.js";

/** @type {Record<string, () => void>} */
const KEYS = {
  j: () => list().move(1),
  k: () => list().move(-1),
  Enter: () => list().open(),
  a: acknowledge,
  A: acknowledgeAll,
  w: () => { if (calls()) calls()?.record("well"); else press("[data-act=confirm]"); },
  x: () => calls()?.record("no_answer"),
  c: () => { if (isChecks()) checks.note(); },
  z: () => calls()?.undo(),
  s: () => press("[data-opens='#seen-dialog']"),
  r: report,
  v: showFirst,
  m: () => need(document, "#mute").click(),
  "/": focusFinder,
  n: () => need(document, ".tabs a[href='/']").click(),
  g: () => need(document, ".tabs a[href='/map']").click(),
  t: () => need(document, ".tabs a[href='/today']").click(),
  p: printSheet,
  "?": () => /** @type {HTMLDialogElement} */ (need(document, "#help")).showModal(),
};

/** On a list that fills the page. @type {Record<string, () => void>} */
const ARROWS = { ArrowDown: () => list().move(1), ArrowUp: () => list().move(-1) };

/** What is done to an alarm, for good; what is said of a check can be taken back. */
const DEEDS = new Set(["a", "A", "w"]);

const MOVES = new Set(["j", "k", ...Object.keys(ARROWS)]);

/** Whether the page is the day's list of checks. */
function isChecks() {
  return document.querySelector("[data-component=checks]") !== null;
}

/** Whether the page is the map of everybody with an open alarm. */
function isMap() {
  return document.querySelector("[data-component=peopleMap]") !== null;
}

/** The list on which calls because of checks are written down, where the page has one. */
function calls() {
  if (isChecks()) return checks;
  return document.querySelector("[data-component=today]") ? today : null;
}

/** The list through which the keys move. */
function list() {
  return calls() ?? (isMap() ? peopleMap : now);
}

/** A button of the page, where it has one. @param {string} button */
function press(button) {
  const found = document.querySelector(button);
  if (found instanceof HTMLElement) found.click();
}

/** On an alarm's page `a` presses its own button. */
function acknowledge() {
  const button = document.querySelector("[data-act=acknowledge]");
  if (button instanceof HTMLElement) button.click();
  else if (isMap()) void peopleMap.acknowledge();
  else void now.acknowledge();
}

/** Whoever may act may take a call, on whatever page. */
function report() {
  if (document.documentElement.dataset.acts === "yes") go("/report");
}

/** The same for all alarms of the person. */
function acknowledgeAll() {
  const button = document.querySelector("[data-take-all]");
  if (button instanceof HTMLElement) button.click();
  else if (isMap()) void peopleMap.acknowledge();
  else void now.acknowledgeAll();
}

/** A dialog that has just closed may keep the focus for a moment: what is pressed then is meant for the page. @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof Element) || target.closest("dialog:not([open])")) return false;
  return target.closest("input, select, textarea, dialog, [contenteditable]") !== null;
}

export function keyboard() {
  let isRoused = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    // A key that rests under a hand or a book moves, and does nothing else again and again.
    if (event.repeat && !MOVES.has(event.key)) return;
    const act = KEYS[event.key] ?? (isChecks() || isMap() ? ARROWS[event.key] : undefined);
    if (!act || (event.key === "Enter" && event.target instanceof Element && event.target.closest("a, button, summary"))) return;
    event.preventDefault();
    // A deaf page asks for any key: the first turns its sound on, and must take nobody's alarm.
    const isFirst = !isRoused && document.documentElement.dataset.sound === "off";
    isRoused = true;
    if (isFirst && DEEDS.has(event.key) && !calls()) return;
    act();
  });
  need(document, "#help-button").addEventListener("click", KEYS["?"] ?? (() => undefined));
}
