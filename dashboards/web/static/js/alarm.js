// An alarm's own page: its buttons, and its renewal when the stream says that it changed.

import { act, takeAll } from "./act.js";
import { hide, need } from "./dom.js";
import { isFilled } from "./forms.js";

/** @type {import("./types.js").Component} */
export function alarm(root, signal) {
  const id = root.dataset.alarm ?? "";
  const renew = () => window.htmx.trigger(root, "renew");

  // What happened while the page was on its way told nobody here.
  renew();
  document.addEventListener("alarm-seen", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.id === id) renew();
  }, { signal });

  // What can be done is the same as before: whatever somebody is filling in there stays, and so does a note that comes
  // too late, to be copied. What is unfolded stays so.
  root.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    const fresh = detail.fragment.querySelector("[data-stamp]");
    if (fresh && (fresh.dataset.stamp === detail.target.dataset.stamp || holdsNote(detail.target))) detail.shouldSwap = false;
    if (fresh && holdsNote(detail.target)) tellTooLate(detail.target, fresh.dataset.stamp === "closed");
    for (const open of detail.target.querySelectorAll("details[open][id]")) detail.fragment.querySelector(`#${open.id}`)?.setAttribute("open", "");
  }, { signal });

  root.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-act], button[data-take-all]") : null;
    if (!(button instanceof HTMLButtonElement) || button.form) return;
    const { act: what, code, takeAll: person, whom } = button.dataset;
    if (what) await doing(button, () => act(id, what, code ? { code } : {}));
    else if (person) await doing(button, () => takeAll({ kind: whom === "households" ? whom : "residents", id: person }));
    renew();
  }, { signal });

  root.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.act) return;
    event.preventDefault();
    event.stopPropagation();
    if (!isFilled(form)) return;
    const button = /** @type {HTMLButtonElement} */ (need(form, "button"));
    /** @type {Record<string, string>} */
    const body = {};
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && value.trim()) body[name] = value.trim();
    const { act: what } = form.dataset;
    if (what === "close" && !await noted()) return;
    if (await doing(button, () => act(id, what, numbered(body)))) {
      form.reset();
      form.closest("dialog")?.close();
    }
    renew();
  }, { signal });

  /** What was typed as a note is written down before the alarm is closed, for none can be afterwards. False when it was refused. */
  async function noted() {
    const field = root.querySelector("#note-text");
    const text = field instanceof HTMLTextAreaElement ? field.value.trim() : "";
    if (!text || !(field instanceof HTMLTextAreaElement)) return true;
    if (!await act(id, "note", { text })) return false;
    field.value = "";
    return true;
  }
}

/** Whether this is the card for notes, with words in it that are not written down. @param {HTMLElement} card */
function holdsNote(card) {
  return card.id === "alarm-note" && /** @type {HTMLTextAreaElement} */ (need(card, "textarea")).value.trim() !== "";
}

/** @param {HTMLElement} card @param {boolean} isClosed */
function tellTooLate(card, isClosed) {
  hide(need(card, "[data-too-late]"), !isClosed);
  /** @type {HTMLButtonElement} */ (need(card, "button")).disabled = isClosed;
}

/** What a form calls a rating is a number to the API. @param {Record<string, string>} body */
function numbered({ rating, ...body }) {
  return rating === undefined ? body : { ...body, rating: Number(rating) };
}

/**
 * @param {HTMLButtonElement} button
 * @param {() => Promise<boolean>} work
 */
async function doing(button, work) {
  button.disabled = true;
  const done = await work();
  button.disabled = false;
  document.dispatchEvent(new Event("book-changed"));
  return done;
}
