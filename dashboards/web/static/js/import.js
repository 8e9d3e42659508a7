// Importing a list: the file is sent for a dry run, the fate of each line is shown, and only then it is taken.

import { explain, Refused } from "./api.js";
import { h, icon, need, toast } from "./dom.js";
import { t, textOr } from "./i18n.js";
import { faultyLines } from "./faulty_lines.js";

/**
 * @typedef {"create" | "update" | "unchanged" | "faulty"} Fate
 * @typedef {{column: string, code: string, problem: string, value?: string | null, params: Record<string, string>}} Fault
 * @typedef {{column: string, from: string, to: string}} Change
 * @typedef {{line: number, sheet: string, kind: string, fate: Fate, key: string, name: string, problems: Fault[], changes: Change[], cells: string[] | null}} Line
 * @typedef {{sheet: string, kind: string | null, header_line: number, headers: string[], unknown: string[]}} Sheet
 * @typedef {{dry_run: boolean, format: string, encoding: string, counts: Record<Fate, number>, token: string, new_devices: number, sheets: Sheet[], lines: Line[]}} Outcome
 */

/** @type {Fate[]} */
const FATES = ["faulty", "create", "update", "unchanged"];
const LINES_AT_ONCE = 200;
const TONES = { faulty: "bad", create: "good", update: "warn", unchanged: "" };

/** @type {import("./types.js").Component} */
export function importing(root, signal) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (need(root, `[data-part=${name}]`));
  const input = /** @type {HTMLInputElement} */ (need(root, "#import-file"));
  const drop = /** @type {HTMLElement} */ (need(root, "[data-drop]"));
  /** @type {{name: string, bytes: ArrayBuffer} | null} */
  let file = null;

  const look = () => void choose(input.files?.[0]);
  input.addEventListener("change", look, { signal });
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") void choose(/** @type {DragEvent} */ (event).dataTransfer?.files[0]);
    }, { signal });
  }
  look(); // whoever was quicker than this script

  /** @param {File | undefined} chosen */
  async function choose(chosen) {
    if (!chosen) return;
    // Kept in memory: what is taken later is what was checked, whatever becomes of the file meanwhile.
    file = { name: chosen.name, bytes: await chosen.arrayBuffer() };
    await send({});
  }

  /** @param {Record<string, string>} query */
  async function send(query) {
    if (!file) return;
    const site = root.querySelector("#import-site");
    const asked = new URLSearchParams({ ...query, ...(site instanceof HTMLSelectElement && site.value ? { site: site.value } : {}) });
    show("busy");
    need(part("busy"), "p").textContent = t(query.dry_run === "0" ? "import.writing" : "import.checking");
    try {
      const outcome = await post(`/api/v1/import?${asked}`, file.bytes);
      draw(outcome, "");
      if (!outcome.dry_run) toast(t("form.saved"), "good");
    } catch (error) {
      const body = error instanceof Refused ? error.body : {};
      if (body.lines) return draw(body, t(body.type?.endsWith("came-out-differently") ? "import.moved" : "import.not_yet"));
      refuse(explain(error));
    } finally {
      input.value = "";
    }
  }

  /** @param {string} text */
  function refuse(text) {
    show("start");
    need(part("refused"), "span").textContent = text;
    part("refused").hidden = false;
  }

  /** @param {"start" | "busy" | "outcome"} name */
  function show(name) {
    for (const each of ["start", "busy", "outcome"]) part(each).hidden = each !== name;
    part("refused").hidden = true;
  }

  /** @param {Outcome} outcome @param {string} warning */
  function draw(outcome, warning) {
    show("outcome");
    const box = part("outcome");
    box.replaceChildren(
      ...notes(outcome, warning, file?.name ?? ""),
      lines(outcome),
      actions(outcome),
    );
    box.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  /** @param {Outcome} outcome */
  function actions(outcome) {
    const { create, update, faulty } = outcome.counts;
    const n = create + update;
    const another = h("button", { class: "button", type: "button", onclick: () => show("start") }, t("import.another"));
    const mend = faulty > 0 && h("button", { class: "button", type: "button", onclick: () => save(outcome) }, icon("copy"), t("import.download"));
    if (!outcome.dry_run) return h("div", { class: "buttons" }, mend, another, h("a", { class: "button primary", href: "/people" }, t("import.to_people")));
    const take = () => void send({ dry_run: "0", token: outcome.token, ...(faulty ? { faulty: "skip" } : {}) });
    const apply = n > 0
      ? h("button", { class: "button primary large", type: "button", "data-apply": true, onclick: take }, t(faulty ? "import.apply_skip" : "import.apply", { n, faulty }))
      : h("p", { class: "soft" }, t("import.nothing"));
    return h("div", { class: "stack" },
      faulty > 0 && h("p", { class: "soft" }, t("import.download_hint")),
      h("div", { class: "buttons" }, apply, mend, another));
  }
}

/** @param {string} path @param {ArrayBuffer} bytes @returns {Promise<Outcome>} */
async function post(path, bytes) {
  const headers = {
    Accept: "application/json",
    "Content-Type": "application/octet-stream",
    "X-CSRF-Token": /** @type {HTMLMetaElement} */ (need(document, "meta[name=csrf]")).content,
  };
  const response = await fetch(path, { method: "POST", headers, body: bytes });
  if (response.status === 401) location.assign("/signin");
  const answer = await response.json();
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/** What is wrong with a line, in the page's language. @param {Fault} fault */
export function said(fault) {
  const key = `import.problem.${fault.code}`;
  return textOr(key, "") ? t(key, fault.params) : t("form.wrong");
}

/** @param {Outcome} outcome @param {string} warning @param {string} name */
function notes(outcome, warning, name) {
  const { counts } = outcome;
  const read = t("import.read_as", { format: outcome.format.toUpperCase(), encoding: outcome.encoding.toUpperCase() || "Excel" });
  const found = [h("p", { class: "soft" }, [name, read].filter(Boolean).join(" · "))];
  if (!outcome.dry_run) {
    found.push(h("div", { class: "notice good", role: "status" }, icon("check"), h("span", {}, t("import.done", counts))));
    if (outcome.new_devices) found.push(h("div", { class: "notice warn" }, icon("device"), h("span", {}, t("import.new_devices", { n: outcome.new_devices }))));
  } else if (warning) found.push(h("div", { class: "notice warn", role: "alert" }, icon("warning"), h("span", {}, warning)));
  for (const sheet of outcome.sheets) {
    const text = sheet.kind === null ? t("import.sheet_ignored", { sheet: sheet.sheet })
      : sheet.unknown.length ? `${sheet.sheet ? `${sheet.sheet}: ` : ""}${t("import.unknown", { columns: sheet.unknown.join(", ") })}` : "";
    if (text) found.push(h("div", { class: "notice warn" }, icon("warning"), h("span", {}, text)));
  }
  return found;
}

/** The lines, narrowed by their fate. @param {Outcome} outcome */
function lines(outcome) {
  const rows = h("tbody", {});
  const more = /** @type {HTMLButtonElement} */ (h("button", { class: "button", type: "button" }));
  const sheets = new Set(outcome.lines.map((line) => line.sheet)).size > 1;
  /** @type {Line[]} */
  let chosen = [];
  let shown = 0;
  const showMore = () => {
    rows.append(...chosen.slice(shown, shown + LINES_AT_ONCE).map((line) => row(line, sheets)));
    shown = Math.min(chosen.length, shown + LINES_AT_ONCE);
    more.hidden = shown >= chosen.length;
    more.textContent = t("import.more", { n: Math.min(LINES_AT_ONCE, chosen.length - shown) });
    if (!chosen.length) rows.append(h("tr", {}, h("td", { colspan: 4, class: "soft" }, t("import.none"))));
  };
  more.addEventListener("click", showMore);
  const tabs = h("div", { class: "fates", role: "group", "aria-label": t("import.only") }, ...FATES.map((fate) =>
    h("button", { class: `fate ${TONES[fate]}`, type: "button", "data-fate": fate, "aria-pressed": "false", onclick: () => choose(fate) },
      h("strong", {}, outcome.counts[fate].toLocaleString()), h("span", {}, t(`import.fate.${fate}`)))));
  /** @param {Fate} fate */
  const choose = (fate) => {
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.getAttribute("data-fate") === fate));
    chosen = outcome.lines.filter((line) => line.fate === fate);
    shown = 0;
    rows.replaceChildren();
    showMore();
  };
  choose(FATES.find((fate) => outcome.counts[fate] > 0) ?? "faulty");
  const head = ["line", "who", "fate", "details"].map((name) => h("th", {}, t(`import.${name}`)));
  return h("div", { class: "stack" }, tabs,
    h("div", { class: "panel flush fate-table" }, h("table", { class: "table cards" }, h("thead", {}, h("tr", {}, ...head)), rows)), more);
}

/** @param {Line} line @param {boolean} sheets */
function row(line, sheets) {
  const details = line.problems.length
    ? line.problems.map((fault) => h("div", {}, h("strong", {}, fault.column || t("import.whole_line")), " ", said(fault),
        fault.value && h("span", { class: "chip mono" }, fault.value)))
    : line.changes.map((change) => h("div", {}, h("strong", {}, change.column), " ", h("span", { class: "soft" }, change.from || "–"), " → ", change.to || "–"));
  return h("tr", { "data-line": line.line },
    h("td", { class: "nowrap number" }, sheets ? `${line.sheet} ${line.line}` : String(line.line)),
    h("td", {}, h("strong", {}, line.name || line.key), line.name && line.key !== line.name ? h("div", { class: "soft small" }, line.key) : null),
    h("td", {}, h("span", { class: `chip ${TONES[line.fate]}` }, t(`import.fate.${line.fate}`))),
    h("td", {}, h("div", { class: "details" }, ...details)));
}

/** Save the faulty lines as a file that can be mended and imported. @param {Outcome} outcome */
function save(outcome) {
  const text = faultyLines(outcome.sheets, outcome.lines, t("import.problem_column"), said);
  const link = /** @type {HTMLAnchorElement} */ (h("a", { download: t("import.download_name"), href: URL.createObjectURL(new Blob([text], { type: "text/csv" })) }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
