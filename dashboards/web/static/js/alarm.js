// An alarm's own page: its buttons, and its renewal when the stream says that it changed.

import { act } from "./act.js";
import { need } from "./dom.js";

/** @type {import("./types.js").Component} */
export function alarm(root, signal) {
  const id = root.dataset.alarm ?? "";
  const renew = () => window.htmx.trigger(root, "renew");

  document.addEventListener("alarm-seen", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.id === id) renew();
  }, { signal });

  root.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-act]") : null;
    if (!(button instanceof HTMLButtonElement) || button.form) return;
    await doing(button, id, button.dataset.act ?? "", {});
    renew();
  }, { signal });

  root.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.act) return;
    event.preventDefault();
    event.stopPropagation();
    const button = /** @type {HTMLButtonElement} */ (need(form, "button"));
    /** @type {Record<string, string>} */
    const body = {};
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && value.trim()) body[name] = value.trim();
    if (await doing(button, id, form.dataset.act, body)) form.reset();
    renew();
  }, { signal });
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} id
 * @param {string} event
 * @param {object} body
 */
async function doing(button, id, event, body) {
  button.disabled = true;
  const done = await act(id, event, body);
  button.disabled = false;
  document.dispatchEvent(new Event("book-changed"));
  return done;
}
