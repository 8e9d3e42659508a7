// The search in the top bar: anybody and anything, from every page.

import { combobox } from "./combobox.js";
import { need } from "./dom.js";
import { go } from "./forms.js";
import { line, search } from "./hits.js";
import { t } from "./i18n.js";

/** @typedef {import("./hits.js").Hit} Hit */

const AT_MOST = 12;

/** The page of what was found: a contact's is that of whose contact it is. @param {Hit} hit */
function pageOf(hit) {
  if (hit.type === "device") return `/devices/${encodeURIComponent(hit.id)}`;
  if (hit.type === "household") return `/households/${encodeURIComponent(hit.id)}`;
  return `/people/${encodeURIComponent(hit.resident ?? hit.id)}`;
}

export function finder() {
  const input = /** @type {HTMLInputElement} */ (need(document, "#finder"));
  const close = combobox(input, need(document, "#finder-hits"), {
    find: async (text) => {
      const hits = await search(text, AT_MOST);
      return [...new Set(hits.map((hit) => hit.type))].map((type) => ({
        heading: t(`search.type.${type}`),
        options: hits.filter((hit) => hit.type === type).map((hit) => ({
          node: line(hit),
          choose: () => {
            input.value = "";
            input.blur();
            go(pageOf(hit));
          },
        })),
      }));
    },
    nothing: (text) => t("search.nothing", { text }),
  });
  // An office's screen leaves it a few letters of room, until somebody is at it.
  const { placeholder } = input;
  input.addEventListener("focus", () => { input.placeholder = input.dataset.example ?? ""; });
  input.addEventListener("blur", () => { input.placeholder = placeholder; });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close();
    input.value = "";
    input.blur();
  });
}

/** Take the focus, with what is in it ready to be typed over. */
export function focusFinder() {
  const input = /** @type {HTMLInputElement} */ (need(document, "#finder"));
  input.focus();
  input.select();
}
