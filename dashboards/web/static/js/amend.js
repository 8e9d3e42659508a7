// A few fields of a record that exists: the rest of it goes back as it is. `data-whole`: the form has all of them;
// `{resident}` in `data-api` is the resident that the form's picker holds.

import { call } from "./api.js";
import { toast } from "./dom.js";
import { bodyOf, go, isFilled } from "./forms.js";
import { t } from "./i18n.js";
import { showRefusal } from "./wrong.js";

/** @type {import("./types.js").Component} */
export function amend(root, signal) {
  const form = /** @type {HTMLFormElement} */ (root);
  form.noValidate = true;
  form.dataset.method = "PUT";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!isFilled(form)) return;
    const body = bodyOf(form);
    const path = (form.dataset.api ?? "").replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(body[name] ?? ""));
    const button = /** @type {HTMLButtonElement | null} */ (form.querySelector("button[type=submit]"));
    if (button) button.disabled = true;
    try {
      const record = form.dataset.whole === undefined ? await call("GET", path) : {};
      await call("PUT", path, { ...record, ...body });
      form.closest("dialog")?.close();
      toast(t("form.saved"), "good");
      go(location.pathname + location.search);
    } catch (error) {
      showRefusal(form, error);
    } finally {
      if (button) button.disabled = false;
    }
  }, { signal });
}
