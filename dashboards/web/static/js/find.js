// The live map behind a link: the same search as at the desk, narrowed to what its holder may know.

import { need } from "./dom.js";
import { t } from "./i18n.js";
import { whereabouts } from "./whereabouts.js";

/** @typedef {import("./types.js").Search} Search */

const root = document.querySelector("[data-find]");

/** The reader's own choice opens a map of others, which then knows the place. @param {Search} known */
function leadOutside({ last_certain: certain }) {
  const link = /** @type {HTMLAnchorElement} */ (need(document, "[data-outside]"));
  link.hidden = need(document, "[data-outside-note]").hidden = !certain;
  if (certain) link.href = t("link.map_address", { lat: certain.lat.toFixed(6), lon: certain.lon.toFixed(6) });
}

document.addEventListener("whereabouts", (event) => {
  const known = /** @type {Search} */ (/** @type {CustomEvent} */ (event).detail);
  leadOutside(known);
  // What the page says besides is the server's: it is asked for anew when the search has ended, or was taken back.
  if (known.withheld || (known.ended && document.querySelector(".stage-open"))) location.reload();
});
if (root instanceof HTMLElement) whereabouts(root, new AbortController().signal);
