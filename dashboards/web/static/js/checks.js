// The day's promised checks: gone through by keys, renewed by itself, but never under a hand.

import { drawCall, pressed, takeBack, write } from "./calls.js";
import { tick } from "./clock.js";
import { need } from "./dom.js";
import { Hand, STARTLED_MS } from "./hand.js";
import { answer } from "./keys.js";

/** Which line the keyboard is on, by check. @type {string | null} */
let selected = null;

/** @type {import("./types.js").Component} */
export function checks(root, signal) {
  const renew = () => window.htmx.trigger(root, "renew");
  const day = () => need(root, "#day");
  const hand = new Hand(root, signal, renew);
  let before = "";

  // Nothing moves away under a hand; what was on its way when the hand came is asked for again later.
  root.addEventListener("htmx:beforeRequest", (event) => { if (isRenewal(event) && hand.isThere) event.preventDefault(); }, { signal });
  root.addEventListener("htmx:beforeSwap", (event) => {
    if (isRenewal(event) && hand.isThere) /** @type {CustomEvent} */ (event).detail.shouldSwap = false;
    before = order(root);
  }, { signal });
  root.addEventListener("htmx:afterSwap", () => {
    if (before && before !== order(root)) startle(day());
    draw(root);
  }, { signal });
  document.addEventListener("alarm-seen", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.kind === "missed_check") renew();
  }, { signal });
  document.querySelector("[data-prints]")?.addEventListener("click", () => print(), { signal });
  document.addEventListener("check-recorded", () => {
    hand.release();
    renew();
  }, { signal });

  root.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const shows = event.target.closest("[data-shows]");
    if (shows instanceof HTMLElement) root.dataset.shown = root.dataset.shown === shows.dataset.shows ? "all" : shows.dataset.shows ?? "all";
    pressed(event);
  }, { signal });
  document.addEventListener("calls-changed", () => draw(root), { signal });
  answer({ move, open, record, note, undo, arrows: true }, signal);
  draw(root);
}

/** @param {Event} event */
function isRenewal(event) {
  return event.target instanceof Element && event.target.id === "day" || /** @type {CustomEvent} */ (event).detail.elt?.id === "checks-renewal";
}

/** @param {HTMLElement} root */
function order(root) {
  return lines(root).map((line) => line.dataset.check).join(" ");
}

/** So soon after lines moved a press was meant for what stood there before. @param {HTMLElement} day */
function startle(day) {
  day.dataset.moved = "";
  setTimeout(() => delete day.dataset.moved, STARTLED_MS);
}

/** The lines of those who can be called, as they are seen. @param {ParentNode} [root] @returns {HTMLElement[]} */
function lines(root = document) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-check]"))].filter((line) => line.checkVisibility());
}

/** Show what the server knows nothing of: the keyboard's place, and what can still be taken back. @param {HTMLElement} root */
function draw(root) {
  for (const line of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-check]"))) {
    if (line.dataset.check === selected) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
    drawCall(line);
  }
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-shows]")))
    button.setAttribute("aria-pressed", String(button.dataset.shows === root.dataset.shown));
  tick(root);
}

function redraw() {
  const root = document.querySelector("[data-component=checks]");
  if (root instanceof HTMLElement) draw(root);
}

/** Take back what was written down last. */
function undo() {
  selected = takeBack() ?? selected;
  redraw();
}

/** The line that the keyboard is on, if it is still there. */
function chosen() {
  return lines().find((line) => line.dataset.check === selected);
}

/** Write down a call with whoever is chosen; nobody is vouched for whom no hand has chosen. @param {import("./calls.js").Result} result */
function record(result) {
  const line = chosen();
  if (!line) move(1);
  else if (line.querySelector("[data-records]")) write(line, result);
}

/** Write a call down with a note. */
function note() {
  const button = chosen()?.querySelector("[data-opens]");
  if (button instanceof HTMLElement) button.click();
}

/** Move the keyboard's place by one. @param {1 | -1} by */
function move(by) {
  const seen = lines();
  const at = seen.findIndex((line) => line.dataset.check === selected);
  const next = seen[at < 0 ? 0 : Math.min(seen.length - 1, Math.max(0, at + by))];
  if (!next) return;
  selected = next.dataset.check ?? null;
  next.scrollIntoView({ block: "nearest" });
  redraw();
}

/** Open the page of whoever is chosen. */
function open() {
  const link = chosen()?.querySelector(".name a");
  if (link instanceof HTMLElement) link.click();
}
