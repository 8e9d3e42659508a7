// Phone numbers are masked until somebody asks for one: a press, or `p`, puts the number there, ready to be called.

import { call, explain } from "./api.js";
import { h, icon, toast } from "./dom.js";

const MASKED = "button[data-phone-of]";

/** @param {HTMLButtonElement} button */
async function show(button) {
  button.disabled = true;
  try {
    const { phone } = await call("POST", "/api/v1/phones", { of: button.dataset.phoneOf, id: button.dataset.phoneId });
    const link = h("a", { class: "tel", href: `tel:${phone}`, "hx-boost": "false" }, icon("phone"), ` ${phone}`);
    button.replaceWith(link);
    link.focus();
  } catch (error) {
    button.disabled = false;
    toast(explain(error), "bad");
  }
}

/** The first masked number of what is chosen on the page, else of the page. */
export function showFirst() {
  if (document.documentElement.dataset.acts !== "yes") return;
  const chosen = document.querySelector("#page [aria-selected=true], #page [aria-current=true], #page .selected");
  const button = chosen?.querySelector(MASKED) ?? document.querySelector(`#page ${MASKED}`);
  if (button instanceof HTMLButtonElement) void show(button);
}

export function phones() {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest(MASKED) : null;
    if (button instanceof HTMLButtonElement) void show(button);
  });
}
