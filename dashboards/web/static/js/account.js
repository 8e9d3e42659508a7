// One's own password: both times the same, and the session goes on; what is wrong with it in the page's words.

import { call } from "./api.js";
import { need, toast } from "./dom.js";
import { bodyOf, go, isFilled } from "./forms.js";
import { t } from "./i18n.js";
import { showRefusal } from "./wrong.js";

/** @type {import("./types.js").Component} */
export function ownPassword(root, signal) {
  const form = /** @type {HTMLFormElement} */ (root);
  const again = /** @type {HTMLInputElement} */ (need(form, "[data-again]"));
  const chosen = /** @type {HTMLInputElement} */ (need(form, "[name=password]"));
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    again.setCustomValidity(again.value && again.value !== chosen.value ? t("account.differ") : "");
    if (!isFilled(form)) return;
    // A blank at an end is part of a password.
    const body = { ...bodyOf(form), password: chosen.value };
    const current = form.elements.namedItem("current");
    if (current instanceof HTMLInputElement) Object.assign(body, { current: current.value });
    const button = /** @type {HTMLButtonElement} */ (need(form, "button[type=submit]"));
    button.disabled = true;
    try {
      const { ended } = await call("PUT", form.dataset.api ?? "", body);
      toast(ended ? t("account.changed_and_ended", { n: ended }) : t("account.changed"), "good");
      go("/account");
    } catch (error) {
      showRefusal(form, error);
    } finally {
      button.disabled = false;
    }
  }, { signal });
}
