// A button that takes one line of a list out, or ends what holds; `data-sure` asks otherwise than others do.

import { call, explain } from "./api.js";
import { toast } from "./dom.js";
import { go } from "./forms.js";
import { t } from "./i18n.js";

/** @type {import("./types.js").Component} */
export function remove(root, signal) {
  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!confirm(t(root.dataset.sure ?? "form.remove_sure"))) return;
    try {
      await call("DELETE", root.dataset.api ?? "");
      go(location.pathname + location.search);
    } catch (error) {
      toast(explain(error), "bad");
    }
  }, { signal });
}
