// The parameters of rules in one layer: what was changed is sent, together; an emptied field goes back to the layer below.

import { call, Refused } from "./api.js";
import { toast } from "./dom.js";
import { go, isFilled } from "./forms.js";
import { t } from "./i18n.js";
import { showRefusal } from "./wrong.js";

/** @typedef {HTMLInputElement | HTMLSelectElement} Field */

/** @param {HTMLFormElement} form @returns {Field[]} */
function fieldsOf(form) {
  return [...form.querySelectorAll("[data-parameter]")].map((each) => /** @type {Field} */ (each));
}

/** @param {Field} field */
function isChanged(field) {
  if (field instanceof HTMLInputElement) return field.value.trim() !== field.defaultValue;
  return field.value !== ([...field.options].find((each) => each.defaultSelected)?.value ?? "");
}

/** In the parameter's own unit; null for an empty field. @param {Field} field */
function valueOf(field) {
  const text = field.value.trim();
  return text === "" ? null : Number((Number(text) * Number(field.dataset.scale ?? 1)).toPrecision(12));
}

/**
 * The server's objection in our words, numbers in the unit of the field.
 * @param {HTMLFormElement} form
 * @param {Record<string, any>} wrong
 */
function inWords(form, wrong) {
  const field = (/** @type {string} */ name) => fieldsOf(form).find((each) => each.dataset.parameter === name);
  const scale = Number(field(wrong.name)?.dataset.scale ?? 1);
  const title = (/** @type {string} */ name) => field(name)?.dataset.title ?? name;
  const key = `rules.wrong.${wrong.code.split(".").pop()}`;
  const whose = form.dataset.scope === "resident" ? "" : wrong.resident && t("rules.wrong.at_resident")
    || wrong.site && wrong.site !== form.dataset.key && t("rules.wrong.at_site") || "";
  return t(key, {
    min: wrong.min / scale, max: wrong.max / scale, apart: wrong.apart / scale, ceiling: wrong.ceiling / scale, least: wrong.least / scale,
    lower: title(wrong.lower), upper: title(wrong.upper),
  }) + whose;
}

/** @type {import("./types.js").Component} */
export function limits(root, signal) {
  const form = /** @type {HTMLFormElement} */ (root);
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!isFilled(form)) return;
    const values = Object.fromEntries(fieldsOf(form).filter(isChanged).map((field) => [field.dataset.parameter, valueOf(field)]));
    const button = /** @type {HTMLButtonElement | null} */ (form.querySelector("button[type=submit]"));
    if (button) button.disabled = true;
    try {
      const { scope, key } = form.dataset;
      if (Object.keys(values).length) await call("PUT", "/api/v1/parameters", { scope, key, values });
      toast(t("form.saved"), "good");
      go(location.pathname + location.search);
    } catch (error) {
      if (error instanceof Refused && Array.isArray(error.body.errors))
        for (const wrong of error.body.errors) if (wrong.name) wrong.message = inWords(form, wrong);
      showRefusal(form, error);
    } finally {
      if (button) button.disabled = false;
    }
  }, { signal });
}
