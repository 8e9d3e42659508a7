// The emergency sheet: one key fetches and prints it, from wherever one is.

import { go } from "./forms.js";

/** Whether the page that comes is to be printed at once. */
let wanted = false;

/** @type {import("./types.js").Component} */
export function sheet(root, signal) {
  root.querySelector("[data-prints-sheet]")?.addEventListener("click", () => print(), { signal });
  if (!wanted) return;
  wanted = false;
  // When the page is drawn and stands in the history: a browser prints what it shows, under the address that it has.
  setTimeout(() => { if (!signal.aborted) print(); }, 50);
}

/** Print the sheet: the one on show, else that of the site on show. Whoever prints none has no link to it. */
export function printSheet() {
  if (document.querySelector("[data-component=sheet]")) return print();
  if (document.documentElement.dataset.sheets !== "yes") return;
  wanted = true;
  const site = location.pathname === "/today" ? new URLSearchParams(location.search).get("site") : null;
  go(site ? `/sheet?site=${encodeURIComponent(site)}` : "/sheet");
}
