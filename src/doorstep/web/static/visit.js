// The visit's form: Enter moves or adds a line, what is typed is kept by the server, leaving the page loses nothing.
(function () {
  "use strict";
  var d = null, timer = 0, dirty = false, AFTER = 1200;
  document.addEventListener("DOMContentLoaded", function () { d = window.doorstep; });
  function sheet() { return document.getElementById("sheet"); }
  function body(form) { return new URLSearchParams(new FormData(form)); }

  function keep(then) {
    var form = sheet();
    clearTimeout(timer);
    if (!form || form.getAttribute("data-sent")) { return; }
    dirty = false;
    d.busy(1);
    fetch(form.getAttribute("data-autosave"), { method: "POST", body: body(form), credentials: "same-origin", headers: { "X-CSRFToken": d.token(), "HX-Request": "true" } })
      .then(function (answer) {
        if (answer.status === 401 || d.ended(answer)) { dirty = true; d.signedOut(function () { keep(then); }, d.ended(answer)); return ""; }
        if (answer.status >= 500) { throw new Error(String(answer.status)); }
        d.contact();
        d.offline(false);
        return answer.ok ? answer.text() : "";
      }).then(function (text) {
        var said = document.querySelector("[data-saved]");
        if (text && said) { said.textContent = text.trim(); if (then) { d.say(text.trim()); } }
      }).catch(function () {
        dirty = true;
        d.offline(true);
        timer = setTimeout(keep, 5000);
      }).then(function () { d.busy(-1); });
  }
  function typed(event) {
    if (!event.target.closest || !event.target.closest("#sheet") || event.target.hasAttribute("data-quick")) { return; }
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(keep, AFTER);
  }
  document.addEventListener("input", typed);
  document.addEventListener("change", function (event) {
    typed(event);
    if (event.target.hasAttribute("data-recheck") && event.target.closest("#sheet")) {
      var check = document.querySelector("[data-check]");
      // Later, when the focus is where it goes: it comes back there in the form that is answered.
      if (check) { setTimeout(function () { check.click(); }, 0); }
    }
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("[data-keep]")) { keep(true); }
  });
  // The form that comes back holds what was sent: nothing waits to be kept any more.
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target.id === "sheet") { clearTimeout(timer); dirty = false; }
  });
  window.addEventListener("pagehide", function () {
    var form = sheet();
    if (dirty && form && !form.getAttribute("data-sent") && navigator.sendBeacon) {
      navigator.sendBeacon(form.getAttribute("data-autosave"), body(form));
    }
  });

  // Enter adds what stands in a quick box, and else goes on to the next box; Shift+Enter is a new line in a text.
  document.addEventListener("keydown", function (event) {
    var here = event.target, form = sheet();
    if (event.key !== "Enter" || !d || d.composing(event) || event.ctrlKey || event.altKey || !form || here.form !== form) { return; }
    if (here.tagName === "BUTTON" || here.type === "submit") { return; }
    if (here.tagName === "TEXTAREA" && event.shiftKey) { return; }
    event.preventDefault();
    if (here.hasAttribute("data-quick") && here.value.trim()) { here.parentNode.querySelector("[data-go]").click(); return; }
    var boxes = Array.prototype.filter.call(form.elements, function (box) {
      return /^(INPUT|TEXTAREA|SELECT)$/.test(box.tagName) && box.type !== "hidden" && !box.disabled && box.offsetParent !== null;
    });
    var next = boxes[boxes.indexOf(here) + (event.shiftKey ? -1 : 1)];
    if (next) { next.focus(); if (next.select && next.tagName === "INPUT" && next.type !== "checkbox" && next.type !== "radio") { next.select(); } }
    else { form.querySelector("[data-sign]").focus(); }
  }, true);
})();
