// Dialogs of a page: opened by whatever says `data-opens`, closed by `data-closes` or Escape; fields that a choice
// shows, or that a button fills in.

import { need } from "./dom.js";

/** Show only what belongs to the choice: `data-when="status=away hospital"`. What is hidden is not sent. @param {HTMLFormElement} form */
function followChoice(form) {
  for (const part of form.querySelectorAll("[data-when]")) {
    const [name = "", values = ""] = (/** @type {HTMLElement} */ (part).dataset.when ?? "").split("=");
    const is = String(new FormData(form).get(name) ?? "");
    const shown = values.split(" ").includes(is);
    /** @type {HTMLElement} */ (part).hidden = !shown;
    for (const field of part.querySelectorAll("input, select, textarea"))
      if ("disabled" in field) field.disabled = !shown;
  }
}

/** @type {import("./types.js").Component} */
export function choosing(root, signal) {
  const form = /** @type {HTMLFormElement} */ (root.closest("form"));
  form.addEventListener("change", () => followChoice(form), { signal });
  followChoice(form);
}

export function dialogs() {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const opener = event.target.closest("[data-opens]");
    if (opener instanceof HTMLElement) {
      const dialog = document.querySelector(opener.dataset.opens ?? "");
      if (!(dialog instanceof HTMLDialogElement)) return;
      // One dialog serves all lines of a list: whoever opens it says which record it is about.
      if (opener.dataset.about) /** @type {HTMLFormElement} */ (need(dialog, "form")).dataset.api = opener.dataset.about;
      dialog.showModal();
    }
    const setter = event.target.closest("[data-sets]");
    if (setter instanceof HTMLElement) {
      const field = document.querySelector(setter.dataset.sets ?? "");
      if (field instanceof HTMLInputElement) field.value = setter.dataset.value ?? "";
    }
    if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
  });
}
