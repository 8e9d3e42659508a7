// Who is told when: a form whose steps are lines of a table, added and dropped, sent as one list.

import { need } from "./dom.js";
import { bodyOf, keeps } from "./forms.js";
import { t } from "./i18n.js";

/** @type {import("./types.js").Component} */
export function policy(root, signal) {
  const form = /** @type {HTMLFormElement} */ (root);
  const lines = need(form, "#steps tbody");
  const empty = /** @type {HTMLTemplateElement} */ (need(form, "template"));
  form.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    event.target.closest("[data-drop]")?.closest("tr")?.remove();
    if (event.target.closest("[data-more]")) lines.append(empty.content.cloneNode(true));
  }, { signal });
  keeps(form, policyOf, t("form.remove_sure"), signal);
}

/** @param {HTMLFormElement} form */
function policyOf(form) {
  const body = bodyOf(form);
  for (const field of form.querySelectorAll("[data-minutes]")) {
    const { name, value } = /** @type {HTMLInputElement} */ (field);
    body[name] = value ? minutesOf(value) : null;
  }
  const steps = [...form.querySelectorAll("[data-step]")].map(stepOf);
  return { ...body, site: body.site ?? null, applies_to: body.applies_to ?? "", severity: body.severity ?? "", steps };
}

/** @param {string} clock `22:30` */
function minutesOf(clock) {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return 60 * hours + minutes;
}

/** @param {Element} line @returns {Record<string, string | number | null>} */
function stepOf(line) {
  const fields = /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */ (line.querySelectorAll("[data-field]"));
  return Object.fromEntries([...fields].map((field) => [
    field.dataset.field ?? "",
    field.type === "number" ? (field.value === "" ? null : Number(field.value)) : field.value,
  ]));
}
