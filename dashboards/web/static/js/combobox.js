// A field that finds while one types: results below it, chosen by arrows and Enter, or by a click.

import { h } from "./dom.js";
import { explain } from "./api.js";

const DEBOUNCE_MS = 120;
let made = 0;

/**
 * @typedef {{node: HTMLElement, choose: () => void}} Option
 * @typedef {{heading: string, options: Option[]}} Group
 */

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} list
 * @param {{find: (text: string) => Promise<Group[]>, nothing: (text: string) => string}} how
 * @param {AbortSignal} [signal]
 * @returns {() => void} closes the list
 */
export function combobox(input, list, { find, nothing }, signal) {
  const prefix = `hits-${(made += 1)}`;
  /** @type {Option[]} */
  let options = [];
  let at = -1;
  let asked = 0;
  let timer = 0;

  const open = (/** @type {boolean} */ is) => {
    list.hidden = !is;
    input.setAttribute("aria-expanded", String(is));
    if (!is) input.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    asked += 1;
    clearTimeout(timer);
    open(false);
  };
  const mark = (/** @type {number} */ place) => {
    options[at]?.node.setAttribute("aria-selected", "false");
    at = options.length ? (place + options.length) % options.length : -1;
    const node = options[at]?.node;
    if (!node) return;
    node.setAttribute("aria-selected", "true");
    node.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", node.id);
  };
  const take = (/** @type {Option | undefined} */ option) => {
    if (!option) return;
    close();
    option.choose();
  };
  const renew = async () => {
    const text = input.value.trim();
    if (!text) return close();
    const mine = (asked += 1);
    /** @type {Group[]} */
    let groups = [];
    let said = "";
    try {
      groups = await find(text);
    } catch (error) {
      said = explain(error);
    }
    if (mine !== asked) return;
    options = groups.flatMap((group) => group.options);
    list.replaceChildren(...groups.filter((group) => group.options.length).map((group) =>
      h("div", { role: "group", "aria-label": group.heading || null }, group.heading ? h("div", { class: "hits-head", "aria-hidden": "true" }, group.heading) : null, ...group.options.map((option) => option.node))));
    if (!options.length) list.append(h("p", { class: "hits-none", role: "status" }, said || nothing(text)));
    options.forEach((option, place) => {
      option.node.id = `${prefix}-${place}`;
      option.node.setAttribute("role", "option");
      // The field must not lose the focus before the click arrives.
      option.node.addEventListener("mousedown", (event) => event.preventDefault());
      option.node.addEventListener("click", () => take(option));
    });
    open(true);
    mark(0);
  };

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  list.setAttribute("role", "listbox");
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(renew, DEBOUNCE_MS);
  }, { signal });
  input.addEventListener("focus", () => { if (input.value.trim()) void renew(); }, { signal });
  input.addEventListener("blur", close, { signal });
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) await renew();
      else mark(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(timer);
      // Whoever is quicker than the answer means the first that it brings.
      if (list.hidden || timer) await renew();
      take(options[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
    timer = 0;
  }, { signal });
  return close;
}
