// Everything at the desk by keyboard; "?" tells how.

import { need } from "./dom.js";
import { focusFinder } from "./finder.js";
import { go } from "./forms.js";
import { deeds } from "./keys.js";
import { showFirst } from "./phones.js";
import { printSheet } from "./sheet.js";
import { isUnlocked } from "./sound.js";

/** @type {Record<string, () => void>} */
const KEYS = {
  j: () => deeds()?.move(1),
  k: () => deeds()?.move(-1),
  Enter: () => deeds()?.open(),
  a: acknowledge,
  A: acknowledgeAll,
  w: () => { if (deeds()?.record) deeds()?.record?.("well"); else press("[data-act=confirm]"); },
  x: () => deeds()?.record?.("no_answer"),
  c: () => deeds()?.note?.(),
  z: () => deeds()?.undo?.(),
  s: () => void press("[data-opens='#seen-dialog']"),
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
const ARROWS = { ArrowDown: () => deeds()?.move(1), ArrowUp: () => deeds()?.move(-1) };

/** What is done to an alarm, for good; what is said of a check can be taken back. */
const DEEDS = new Set(["a", "A", "w"]);

/** Within this time a key makes a page sound that can. */
const ROUSED_MS = 500;

const MOVES = new Set(["j", "k", ...Object.keys(ARROWS)]);

/** Press a button of the page, where it has one; returns whether it has. @param {string} button */
function press(button) {
  const found = document.querySelector(button);
  if (found instanceof HTMLElement) found.click();
  return found !== null;
}

/** On an alarm's page `a` presses its own button. */
function acknowledge() {
  if (!press("[data-act=acknowledge]")) deeds()?.acknowledge?.();
}

/** Whoever may act may take a call, on whatever page. */
function report() {
  if (document.documentElement.dataset.acts === "yes") go("/report");
}

/** The same for all alarms of the person. */
function acknowledgeAll() {
  if (!press("[data-take-all]")) deeds()?.acknowledgeAll?.();
}

/** A dialog that has just closed may keep the focus for a moment: what is pressed then is meant for the page. @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof Element) || target.closest("dialog:not([open])")) return false;
  return target.closest("input, select, textarea, dialog, [contenteditable]") !== null;
}

export function keyboard() {
  // When a deaf page was asked for a deed for the first time.
  let askedAt = Infinity;
  document.addEventListener("sound-changed", () => { if (isUnlocked()) askedAt = Infinity; });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    // A key that rests under a hand or a book moves, and does nothing else again and again.
    if (event.repeat && !MOVES.has(event.key)) return;
    const act = KEYS[event.key] ?? (deeds()?.arrows ? ARROWS[event.key] : undefined);
    if (!act || (event.key === "Enter" && event.target instanceof Element && event.target.closest("a, button, summary"))) return;
    event.preventDefault();
    // A deaf page asks for any key: what is pressed before it sounds is meant for that, and must take nobody's alarm.
    // Where no sound ever comes, the second press counts.
    if (!isUnlocked() && DEEDS.has(event.key) && !deeds()?.record) {
      askedAt = Math.min(askedAt, performance.now());
      if (performance.now() - askedAt < ROUSED_MS) return;
    }
    act();
  });
  need(document, "#help-button").addEventListener("click", KEYS["?"] ?? (() => undefined));
}
