// Everything at the desk by keyboard; "?" tells how.

import { need } from "./dom.js";
import { focusFinder } from "./finder.js";
import { go } from "./forms.js";
import * as now from "./now.js";

/** @type {Record<string, () => void>} */
const KEYS = {
  j: () => now.move(1),
  k: () => now.move(-1),
  Enter: () => now.open(),
  a: acknowledge,
  A: acknowledgeAll,
  w: () => press("[data-act=confirm]"),
  r: report,
  m: () => need(document, "#mute").click(),
  "/": focusFinder,
  n: () => need(document, ".tabs a[href='/']").click(),
  "?": () => /** @type {HTMLDialogElement} */ (need(document, "#help")).showModal(),
};

/** A button of the page, where it has one. @param {string} button */
function press(button) {
  const found = document.querySelector(button);
  if (found instanceof HTMLElement) found.click();
}

/** On an alarm's page `a` presses its own button. */
function acknowledge() {
  const button = document.querySelector("[data-act=acknowledge]");
  if (button instanceof HTMLElement) button.click();
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
  else void now.acknowledgeAll();
}

/** A dialog that has just closed may keep the focus for a moment: what is pressed then is meant for the page. @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof Element) || target.closest("dialog:not([open])")) return false;
  return target.closest("input, select, textarea, dialog, [contenteditable]") !== null;
}

export function keyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const act = KEYS[event.key];
    if (!act || (event.key === "Enter" && event.target instanceof Element && event.target.closest("a, button, summary"))) return;
    event.preventDefault();
    act();
  });
  need(document, "#help-button").addEventListener("click", KEYS["?"] ?? (() => undefined));
}
