// @ts-check
// Keeps a page behind a link fresh: asks for it again, and puts in the parts that have changed. It is no module and
// keeps to what phones of ten years ago understand; without it the page asks for itself every twenty seconds.

(function () {
  "use strict";

  var EVERY_MS = 5000;
  var WHEN_OVER_MS = 30000;
  var PATIENCE_MS = 15000;
  var body = document.body;
  var tag = "";
  /** @type {Record<string, string>} */
  var shown = {};
  /** @type {number | undefined} */
  var waiting;

  /** @param {ParentNode} where @param {(part: Element) => void} visit */
  function eachPart(where, visit) {
    var found = where.querySelectorAll(".part");
    for (var i = 0; i < found.length; i += 1) visit(/** @type {Element} */ (found[i]));
  }

  eachPart(document, function (part) { shown[part.id] = part.innerHTML; });

  function headline() {
    var title = document.querySelector("h1");
    return (title && title.textContent) || "";
  }

  /** @param {string} text */
  function show(text) {
    var before = headline();
    var fresh = document.implementation.createHTMLDocument("");
    fresh.documentElement.innerHTML = text;
    eachPart(fresh, function (part) {
      var old = document.getElementById(part.id);
      if (old && shown[part.id] !== part.innerHTML) {
        shown[part.id] = part.innerHTML;
        old.innerHTML = part.innerHTML;
      }
    });
    var said = document.getElementById("said");
    if (said && headline() !== before) said.textContent = headline();
    body.setAttribute("data-live", (fresh.body && fresh.body.getAttribute("data-live")) || "over");
  }

  /** @param {boolean} yes */
  function lost(yes) {
    var notice = document.getElementById("lost");
    if (notice) notice.hidden = !yes;
  }

  function next() {
    clearTimeout(waiting);
    waiting = setTimeout(ask, body.getAttribute("data-live") === "over" ? WHEN_OVER_MS : EVERY_MS);
  }

  function ask() {
    if (document.hidden) return;
    clearTimeout(waiting);
    var request = new XMLHttpRequest();
    request.open("GET", location.href.split("#")[0] || "", true);
    if (tag) request.setRequestHeader("If-None-Match", tag);
    request.timeout = PATIENCE_MS;
    request.onload = function () {
      if (request.status === 404 || request.status === 410) { location.reload(); return; }
      lost(request.status !== 200 && request.status !== 304);
      if (request.status === 200) {
        tag = request.getResponseHeader("ETag") || "";
        show(request.responseText);
      }
      next();
    };
    request.onerror = request.ontimeout = function () { lost(true); next(); };
    request.send();
  }

  document.addEventListener("submit", function (event) {
    var form = /** @type {HTMLFormElement} */ (event.target);
    if (form.getAttribute("data-sent")) { event.preventDefault(); return; }
    form.setAttribute("data-sent", "yes");
    var button = form.querySelector("button");
    if (button) button.setAttribute("aria-busy", "true");
  });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) ask(); });
  window.addEventListener("pageshow", function (event) { if (event.persisted) location.reload(); });
  next();
})();
