// The sign-in's second step: hear every tone once, so that the desk is never deaf without knowing it.

import { need } from "./dom.js";
import { t } from "./i18n.js";
import { play, unlock } from "./sound.js";

/** @type {import("./types.js").Component} */
export function soundtest(root, signal) {
  const status = need(root, "[role=status]");
  const heard = need(root, "#heard");
  root.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-tone]") : null;
    if (!(button instanceof HTMLElement)) return;
    const ready = await unlock();
    status.textContent = t(ready ? "sound.did_you_hear" : "sound.no_device");
    if (ready) play(/** @type {import("./sound.js").Tone} */ (button.dataset.tone));
    heard.hidden = false;
    heard.focus();
  }, { signal });
}
