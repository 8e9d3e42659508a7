// Asking a device for something, and letting the list beside it show what becomes of it.

import { call, explain } from "./api.js";
import { need, toast } from "./dom.js";
import { bodyOf, isFilled } from "./forms.js";
import { t } from "./i18n.js";

/** @type {import("./types.js").Component} */
export function commands(root, signal) {
  const path = `/api/v1/devices/${encodeURIComponent(root.dataset.device ?? "")}/commands`;

  root.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-command]") : null;
    if (button instanceof HTMLButtonElement)
      void ask(button, path, button.dataset.command ?? "", JSON.parse(button.dataset.args ?? "{}"));
  }, { signal });

  for (const form of root.querySelectorAll("form")) form.noValidate = true;
  root.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.command) return;
    event.preventDefault();
    if (!isFilled(form)) return;
    const button = /** @type {HTMLButtonElement} */ (need(form, "button"));
    if (await ask(button, path, form.dataset.command, bodyOf(form))) form.reset();
  }, { signal });

  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-take-back]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    await told(button, () => call("DELETE", `/api/v1/commands/${button.dataset.takeBack}`), "command.taken_back");
  }, { signal });
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} path
 * @param {string} name
 * @param {object} args
 */
function ask(button, path, name, args) {
  return told(button, () => call("POST", path, { name, args }), "command.asked");
}

/**
 * Do something, say how it went, and renew the list. True when it was done.
 * @param {HTMLButtonElement} button
 * @param {() => Promise<unknown>} deed
 * @param {string} done
 */
async function told(button, deed, done) {
  button.disabled = true;
  try {
    await deed();
    toast(t(done), "good");
    return true;
  } catch (error) {
    toast(explain(error), "bad");
    return false;
  } finally {
    button.disabled = false;
    window.htmx.trigger(need(document, "#commands"), "renew");
  }
}
