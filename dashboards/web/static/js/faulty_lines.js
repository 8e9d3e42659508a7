// The faulty lines of an import as a CSV file: what is wrong stands beside each, and an import leaves that column out.

/** As the server guards what it exports: nothing is computed by a spreadsheet, and an import undoes it. @param {string} text */
function guarded(text) {
  return /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** @param {string} text */
function quoted(text) {
  const safe = guarded(text);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * One table; lines of a second sheet follow under column names of their own only when they are of one kind,
 * so a workbook with several faulty sheets gives the sheet with most of them.
 * @param {import("./import.js").Sheet[]} sheets
 * @param {import("./import.js").Line[]} lines
 * @param {string} problemColumn
 * @param {(fault: import("./import.js").Fault) => string} said
 * @returns {string}
 */
export function faultyLines(sheets, lines, problemColumn, said) {
  const faulty = lines.filter((line) => line.fate === "faulty");
  const count = (/** @type {string} */ name) => faulty.filter((line) => line.sheet === name).length;
  const sheet = sheets.filter((each) => each.kind !== null).sort((a, b) => count(b.sheet) - count(a.sheet))[0];
  if (!sheet) return "";
  const rows = [[...sheet.headers, problemColumn]];
  for (const line of faulty.filter((each) => each.sheet === sheet.sheet)) {
    const cells = sheet.headers.map((_, place) => line.cells?.[place] ?? "");
    rows.push([...cells, line.problems.map((fault) => `${fault.column} ${said(fault)}`.trim()).join("; ")]);
  }
  return `\ufeff${rows.map((row) => row.map(quoted).join(",")).join("\r\n")}\r\n`;
}
