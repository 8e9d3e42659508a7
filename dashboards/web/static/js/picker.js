// A field that holds a resident or a household: found by search, kept by id, shown by name.

import { call, explain } from "./api.js";
import { combobox } from "./combobox.js";
import { h, icon, need, toast } from "./dom.js";
import { line, search } from "./hits.js";
import { t } from "./i18n.js";

const AT_MOST = 50;
const SHOWN = 8;

/** @type {import("./types.js").Component} */
export function picker(root, signal) {
  const input = /** @type {HTMLInputElement} */ (need(root, "[data-search]"));
  const chosen = need(root, "[data-chosen]");
  const kinds = (root.dataset.types ?? "resident").split(" ");
  const form = /** @type {HTMLFormElement | null} */ (root.closest("form"));
  const site = () => {
    const field = form?.elements.namedItem("site");
    return root.dataset.site || (field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field.value : "");
  };

  const put = (/** @type {string} */ kind, /** @type {string} */ id, /** @type {string} */ name) => {
    for (const each of kinds) {
      const field = /** @type {HTMLInputElement} */ (need(root, `[data-picks="${each}"]`));
      field.value = each === kind ? id : "";
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    need(chosen, "strong").textContent = name;
    chosen.hidden = !id;
    input.hidden = Boolean(id);
    input.value = "";
    input.setCustomValidity("");
    for (const note of root.querySelectorAll(".wrong")) note.remove();
  };

  // Else a form would be sent as if nobody had been meant, while a name stands in it.
  input.addEventListener("input", () => input.setCustomValidity(input.value.trim() ? t("picker.not_chosen") : ""), { signal });

  need(root, "[data-clear]").addEventListener("click", () => {
    put("", "", "");
    input.focus();
  }, { signal });

  const make = async (/** @type {string} */ name) => {
    try {
      const made = await call("POST", "/api/v1/households", { site: site(), name, address: form ? addressOf(form) : {} });
      put("household", made.id, made.name);
      toast(t("household.made", { name: made.name }), "good");
    } catch (error) {
      toast(explain(error), "bad");
    }
  };

  combobox(input, need(root, "[data-hits]"), {
    find: async (text) => {
      const hits = (await search(text, AT_MOST)).filter((hit) => kinds.includes(hit.type) && (!site() || hit.site === site()));
      const options = hits.slice(0, SHOWN).map((hit) => ({ node: line(hit), choose: () => put(hit.type, hit.id, hit.title) }));
      const added = root.dataset.creates
        ? [{ node: h("div", { class: "hit" }, icon("plus"), h("strong", {}, t("household.make", { name: text }))), choose: () => void make(text) }]
        : [];
      return [{ heading: "", options: [...options, ...added] }];
    },
    nothing: (text) => t("search.nothing", { text }),
  }, signal);
}

/** The address that the form around has so far. @param {HTMLFormElement} form */
function addressOf(form) {
  /** @type {Record<string, string>} */
  const address = {};
  for (const field of form.elements)
    if (field instanceof HTMLInputElement && field.name.startsWith("address.") && field.value.trim()) address[field.name.slice(8)] = field.value.trim();
  return address;
}
