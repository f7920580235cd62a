// Keyboard, focus and connection for every page. Works on engines from 2020 on; pages work without it.
(function () {
  "use strict";
  var inflight = 0;

  function busy(change) {
    inflight = Math.max(0, inflight + change);
    document.body.setAttribute("data-inflight", String(inflight));
  }
  function composing(event) { return event.isComposing || event.keyCode === 229; }
  function typing(target) { return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable; }
  function press(selector) {
    var found = document.querySelector(selector);
    if (found) { found.click(); }
    return Boolean(found);
  }
  function focusOn(root) {
    var wanted = root.querySelector("[data-first]") || (root.matches("[data-focus]") ? root : root.querySelector("[data-focus]"));
    if (wanted) { wanted.focus(); }
  }
  function say(text) { document.getElementById("live").textContent = text; }

  // Enter goes to the next box; on the last one it does what the form is for.
  function nextBox(event) {
    var here = event.target, form = here.form;
    if (!form || here.tagName === "TEXTAREA" || here.tagName === "BUTTON" || here.type === "submit") { return; }
    if (form.getAttribute("role") === "search") { return; }
    var boxes = Array.prototype.filter.call(form.elements, function (box) {
      return box.type !== "hidden" && box.tagName !== "FIELDSET" && !box.disabled && box.offsetParent !== null;
    });
    var at = boxes.indexOf(here) + (event.shiftKey ? -1 : 1);
    var next = boxes[at];
    if (!next || next.type === "submit") { return; }
    event.preventDefault();
    next.focus();
  }

  document.addEventListener("keydown", function (event) {
    if (composing(event)) { return; }
    if (event.key === "Enter" && !event.ctrlKey && !event.altKey) { nextBox(event); return; }
    if (event.key === "Escape") { closeKeys(); return; }
    if (event.key === "Tab" && !document.getElementById("keys").hidden) { event.preventDefault(); return; }
    if (event.key === "F4" && !event.altKey && press("[data-save]")) { event.preventDefault(); return; }
    if (event.key === "F8" && press("[data-sign]")) { event.preventDefault(); return; }
    if (event.key === "F9" && (press("[data-print-now]") || press("[data-print]"))) { event.preventDefault(); return; }
    if (event.altKey && /^Digit[1-9]$/.test(event.code) && press('[data-menu="' + event.code.slice(5) + '"]')) {
      event.preventDefault();
      return;
    }
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.key === "/") {
      var find = document.getElementById("number") || document.querySelector("[data-find]");
      if (find) { event.preventDefault(); find.focus(); find.select(); }
    } else if (event.key === "?") { openKeys(); } else if (event.code === "KeyN") { press("[data-refresh]"); }
  });

  // The sheet of keys
  var cameFrom = null;
  function openKeys() {
    cameFrom = document.activeElement;
    var sheet = document.getElementById("keys");
    sheet.hidden = false;
    sheet.querySelector("[data-keys-close]").focus();
  }
  function closeKeys() {
    var sheet = document.getElementById("keys");
    if (sheet.hidden) { return; }
    sheet.hidden = true;
    if (cameFrom) { cameFrom.focus(); }
  }
  document.addEventListener("focusin", function (event) {
    var sheet = document.getElementById("keys");
    if (!sheet.hidden && !sheet.contains(event.target)) { sheet.querySelector("[data-keys-close]").focus(); }
  });
  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target.closest("[data-keys-open],[data-keys-close],[data-print-now],#keys") : null;
    if (!target) { return; }
    if (target.hasAttribute("data-keys-open")) { openKeys(); }
    else if (target.hasAttribute("data-keys-close") || event.target.id === "keys") { closeKeys(); }
    else if (target.hasAttribute("data-print-now")) { window.print(); }
  });

  // A form is sent once, however often the button is pressed.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.hasAttribute("hx-get")) { return; }
    if (form.getAttribute("data-sent")) { event.preventDefault(); return; }
    form.setAttribute("data-sent", "1");
    busy(1);
    Array.prototype.forEach.call(form.querySelectorAll("button"), function (button) { button.setAttribute("aria-busy", "true"); });
  });
  window.addEventListener("pageshow", function () {
    Array.prototype.forEach.call(document.querySelectorAll("form[data-sent]"), function (form) { form.removeAttribute("data-sent"); });
    inflight = 0;
    busy(0);
  });

  // Fragments: count what is under way, put the focus on what came, say what came.
  document.addEventListener("htmx:beforeRequest", function () { busy(1); });
  document.addEventListener("htmx:afterRequest", function () { busy(-1); });
  document.addEventListener("htmx:afterSwap", function (event) {
    var target = document.getElementById(event.detail.target.id) || event.detail.target;
    if (target.id === "changed") { return; }
    focusOn(target);
    say(target.textContent.replace(/\s+/g, " ").trim().slice(0, 120));
  });
  function offline(is) { document.getElementById("offline").hidden = !is; }
  document.addEventListener("htmx:sendError", function () { offline(true); });
  document.addEventListener("htmx:afterOnLoad", function () { offline(false); });
  window.addEventListener("offline", function () { offline(true); });
  window.addEventListener("online", function () { offline(false); });

  document.addEventListener("DOMContentLoaded", function () {
    var wrong = document.querySelector("[aria-invalid=true]") || document.querySelector(".note-wrong[data-focus]");
    if (wrong) { wrong.focus(); }
  });
})();
