// A device in test mode: begun and ended on its page.

import { call, explain } from "./api.js";
import { toast } from "./dom.js";

/** @type {import("./types.js").Component} */
export function drill(root, signal) {
  const path = `/api/v1/devices/${encodeURIComponent(root.dataset.device ?? "")}/test`;
  const done = async (/** @type {"POST" | "DELETE"} */ method, /** @type {object} */ body) => {
    try {
      await call(method, path, body);
    } catch (error) {
      toast(explain(error), "bad");
    }
    window.htmx.trigger(root, "renew");
  };
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    const minutes = Number(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("minutes"));
    void done("POST", { minutes });
  }, { signal });
  root.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-drill=end]")) void done("DELETE", {});
  }, { signal });
}
