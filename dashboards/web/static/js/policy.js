// Who is told when: a form whose steps are lines of a table, added and dropped, sent as one list.

import { call } from "./api.js";
import { need, toast } from "./dom.js";
import { bodyOf, go, isFilled, showRefusal } from "./forms.js";
import { t } from "./i18n.js";

/** @type {import("./types.js").Component} */
export function policy(root, signal) {
  const form = /** @type {HTMLFormElement} */ (root);
  const lines = need(form, "#steps tbody");
  const empty = /** @type {HTMLTemplateElement} */ (need(form, "template"));
  form.noValidate = true;
  form.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    event.target.closest("[data-drop]")?.closest("tr")?.remove();
    if (event.target.closest("[data-more]")) lines.append(empty.content.cloneNode(true));
  }, { signal });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    form.querySelector(".form-wrong")?.remove();
    if (!isFilled(form)) return;
    await send(form, form.dataset.method ?? "POST", policyOf(form));
  }, { signal });
  form.querySelector("[data-remove]")?.addEventListener("click", async () => {
    if (confirm(t("form.remove_sure"))) await send(form, "DELETE");
  }, { signal });
}

/** @param {HTMLFormElement} form @param {string} method @param {object} [body] */
async function send(form, method, body) {
  try {
    await call(method, form.dataset.api ?? "", body);
    toast(t("form.saved"), "good");
    go(form.dataset.next ?? "/");
  } catch (error) {
    showRefusal(form, error);
  }
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
