// The list of a shift's tasks: renewed by itself, but never under a hand; gone through by keys.

import { drawCall, pressed, takeBack, write } from "./calls.js";
import { need } from "./dom.js";
import { Hand } from "./hand.js";
import { answer } from "./keys.js";

/** Which line the keyboard is on. @type {string | null} */
let selected = null;

/** @type {import("./types.js").Component} */
export function today(root, signal) {
  const renew = () => window.htmx.trigger(root, "renew");
  const hand = new Hand(root, signal, renew);
  root.addEventListener("htmx:beforeRequest", (event) => { if (isRenewal(event) && hand.isThere) event.preventDefault(); }, { signal });
  root.addEventListener("htmx:beforeSwap", (event) => {
    if (isRenewal(event) && hand.isThere) /** @type {CustomEvent} */ (event).detail.shouldSwap = false;
  }, { signal });
  root.addEventListener("htmx:afterSwap", draw, { signal });
  root.addEventListener("click", pressed, { signal });
  document.addEventListener("calls-changed", draw, { signal });
  document.addEventListener("check-recorded", () => {
    hand.release();
    renew();
  }, { signal });
  document.addEventListener("alarm-seen", (event) => {
    if (["missed_check", "device"].includes(/** @type {CustomEvent} */ (event).detail.kind)) renew();
  }, { signal });
  answer({ move, open, record, undo }, signal);
  draw();
}

/** @param {Event} event */
function isRenewal(event) {
  return event.target instanceof Element && event.target.id === "tasks" || /** @type {CustomEvent} */ (event).detail.elt?.id === "today-renewal";
}

/** @returns {HTMLElement[]} */
function lines() {
  return [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-task]"))];
}

/** Show where the keyboard is: the server knows nothing of it. */
function draw() {
  for (const line of lines()) {
    if (line.dataset.task === selected) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
    if (line.dataset.check) drawCall(line);
  }
}

/** Move the keyboard's place by one. @param {1 | -1} by */
function move(by) {
  const seen = lines();
  const at = seen.findIndex((line) => line.dataset.task === selected);
  const next = seen[at < 0 ? 0 : Math.min(seen.length - 1, Math.max(0, at + by))];
  if (!next) return;
  selected = next.dataset.task ?? null;
  next.scrollIntoView({ block: "nearest" });
  draw();
}

/** Write down a call with whoever is chosen; nobody is vouched for whom no hand has chosen. @param {import("./calls.js").Result} result */
function record(result) {
  const line = lines().find((each) => each.dataset.task === selected);
  if (!line) move(1);
  else if (line.querySelector("[data-records]")) write(line, result);
}

/** Take back what was written down last. */
function undo() {
  const which = takeBack();
  if (which) selected = `checks-${which}`;
  draw();
}

/** Go where the chosen task is done. */
function open() {
  const line = lines().find((each) => each.dataset.task === selected);
  if (line) need(line, "a").click();
}
