// Keyboard, focus, connection and sessions for every page. Works on engines from 2020 on; pages work without it.
(function () {
  "use strict";
  var body = document.body, inflight = 0, lastContact = Date.now(), STALE = 60000;
  var doorstep = window.doorstep = { contact: function (at) { lastContact = at === undefined ? Date.now() : at; } };

  function byId(id) { return document.getElementById(id); }
  function each(found, act) { Array.prototype.forEach.call(found, act); }
  function all(selector, act) { each(document.querySelectorAll(selector), act); }
  function show(element, is) { if (element) { element.hidden = !is; } }
  function busy(change) {
    inflight = Math.max(0, inflight + change);
    body.setAttribute("data-inflight", String(inflight));
  }
  function say(text) { byId("live").textContent = text; }
  function words(name, values) {
    var text = byId("words").getAttribute("data-" + name) || "";
    Object.keys(values || {}).forEach(function (key) { text = text.replace("%" + key, values[key]); });
    return text;
  }
  function composing(event) { return event.isComposing || event.keyCode === 229; }
  function typing(target) { return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable; }
  function keep(store, key, value) {
    // A browser may forbid its stores; pages then forget.
    try {
      if (value === undefined) { return store().getItem(key); }
      if (value === null) { store().removeItem(key); } else { store().setItem(key, value); }
    } catch (refused) { return null; }
    return null;
  }
  function local() { return window.localStorage; }
  function lettersOn() { return keep(local, "doorstep.letters") !== "off"; }
  function press(selector) {
    var found = document.querySelector(selector);
    if (found) { found.click(); }
    return Boolean(found);
  }
  function token(value) {
    var first = "";
    all("input[name=csrfmiddlewaretoken]", function (box) {
      if (value) { box.value = value; }
      first = first || box.value;
    });
    return first;
  }
  doorstep.busy = busy; doorstep.say = say; doorstep.words = words; doorstep.composing = composing;
  doorstep.typing = typing; doorstep.keep = keep; doorstep.all = all; doorstep.lettersOn = lettersOn; doorstep.token = token;

  // Enter goes to the next box; on the last one it does what the form is for.
  function nextBox(event) {
    var here = event.target, form = here.form;
    if (!form || here.tagName === "TEXTAREA" || here.tagName === "BUTTON" || here.type === "submit") { return; }
    if (form.getAttribute("role") === "search" || form.hasAttribute("data-scan")) { return; }
    var boxes = Array.prototype.filter.call(form.elements, function (box) {
      return box.type !== "hidden" && box.tagName !== "FIELDSET" && !box.disabled && box.offsetParent !== null;
    });
    var next = boxes[boxes.indexOf(here) + (event.shiftKey ? -1 : 1)];
    if (!next || next.type === "submit") { return; }
    event.preventDefault();
    next.focus();
  }

  var KEYS = { F2: ["[data-call]"], F3: ["[data-repeat]"], F6: ["[data-pass]", "[data-accept]"], F7: ["[data-transfer]"], F4: ["[data-save]"], F8: ["[data-sign]"], F9: ["[data-print-now]", "[data-print]"] };
  document.addEventListener("keydown", function (event) {
    if (composing(event) || event.defaultPrevented) { return; }
    if (event.key === "Enter" && !event.ctrlKey && !event.altKey) { nextBox(event); return; }
    if (event.key === "Escape") { close(event.target); return; }
    if (KEYS[event.key] && !event.altKey && !event.ctrlKey) {
      if (!over() && KEYS[event.key].some(press)) { event.preventDefault(); }
      return;
    }
    if (event.altKey && /^Digit[1-9]$/.test(event.code) && press('[data-menu="' + event.code.slice(5) + '"]')) {
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || over() || !lettersOn()) { return; }
    var group = event.target.closest && event.target.closest(".reasons");
    if (group && /^Digit[1-9]$/.test(event.code)) {
      var choice = group.querySelector('[data-digit="' + event.code.slice(5) + '"]');
      if (choice) { choice.checked = true; choice.focus(); event.preventDefault(); }
      return;
    }
    if (typing(event.target)) { return; }
    if (event.key === "/") {
      var find = byId("number") || document.querySelector("[data-find]");
      if (find) { event.preventDefault(); find.focus(); find.select(); }
    } else if (event.key === "?") { openSheet("keys", "[data-keys-close]"); }
    else if (event.code === "KeyN") { press("[data-refresh]"); }
  });

  // What lies over the page: one at a time, the focus stays inside and goes back where it came from.
  var cameFrom = null;
  function over() { return document.querySelector(".sheet:not([hidden])"); }
  function openSheet(id, first) {
    if (over()) { return; }
    cameFrom = document.activeElement;
    show(byId(id), true);
    byId(id).querySelector(first).focus();
  }
  function closeSheet(sheet) {
    // What is hidden loses the focus later, by itself and at a moment that nobody knows.
    if (sheet.contains(document.activeElement)) { document.activeElement.blur(); }
    show(sheet, false);
    // Only now: while the sheet is open it takes every focus back to itself.
    if (cameFrom && cameFrom !== body && document.contains(cameFrom)) { cameFrom.focus(); }
  }
  function close(from) {
    var sheet = over();
    if (sheet) { if (sheet.id === "keys") { closeSheet(sheet); } return; }
    var preview = byId("preview");
    if (preview && !preview.hidden) { document.dispatchEvent(new CustomEvent("doorstep:close")); return; }
    var open = from.closest && from.closest("details.confirm[open], details.menu[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  }
  document.addEventListener("focusin", function (event) {
    var sheet = over();
    if (sheet && !sheet.contains(event.target)) { sheet.querySelector("button, input:not([type=hidden])").focus(); }
  });
  document.addEventListener("keydown", function (event) {
    var sheet = over();
    if (event.key !== "Tab" || !sheet) { return; }
    var stops = Array.prototype.filter.call(sheet.querySelectorAll("a, button, input"), function (stop) { return stop.offsetParent; });
    var edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (document.activeElement === edge) {
      event.preventDefault();
      (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
    }
  });
  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target.closest("[data-keys-open],[data-keys-close],[data-print-now],[data-close],[data-retry],#keys") : null;
    if (!target) { return; }
    if (target.hasAttribute("data-keys-open")) { openSheet("keys", "[data-keys-close]"); }
    else if (target.hasAttribute("data-keys-close") || event.target.id === "keys") { closeSheet(byId("keys")); }
    else if (target.hasAttribute("data-print-now")) { window.print(); }
    else if (target.hasAttribute("data-close")) { close(target); }
    else if (target.hasAttribute("data-retry")) { show(byId("broken"), false); if (retry) { retry(); } else { location.reload(); } }
  });
  document.addEventListener("change", function (event) {
    if (event.target.hasAttribute("data-letters")) { keep(local, "doorstep.letters", event.target.checked ? null : "off"); }
  });

  // Locked or signed out while working: a dialog in place; what was typed stays, and what was asked is asked again.
  var afterwards = [], gone = false;
  function signedOut(then, ended) {
    gone = gone || Boolean(ended);
    if (then) { afterwards.push(then); }
    if (!byId("again")) { location.href = "/sign-in/?next=" + encodeURIComponent(location.pathname + location.search); return; }
    if (byId("again").hidden) { show(byId("keys"), false); openSheet("again", "#again-password"); }
  }
  doorstep.signedOut = signedOut;
  function ended(answer) { return ((answer.headers ? answer.headers.get("HX-Redirect") : answer) || "").indexOf("/sign-in/") === 0; }
  doorstep.ended = ended;
  function goOn(fresh) {
    gone = false;
    if (fresh) { token(fresh); }
    show(byId("again-wrong"), false);
    byId("again-password").value = "";
    doorstep.contact();
    closeSheet(byId("again"));
    afterwards.splice(0).forEach(function (then) { then(); });
  }
  function refusedAgain(status) {
    show(byId("again-wrong"), status !== 429);
    show(byId("again-wait"), status === 429);
    byId("again-password").select();
    byId("again-password").focus();
  }
  function signInAgain(form) {
    var whole = gone, data = new URLSearchParams(new FormData(form)), headers = { "X-CSRFToken": token() };
    if (!whole) { headers["HX-Request"] = "true"; }
    busy(1);
    fetch(whole ? "/sign-in/" : form.getAttribute("action"), { method: "POST", body: data, credentials: "same-origin", headers: headers })
      .then(function (answer) {
        if (!whole && answer.status === 204 && ended(answer)) { gone = true; busy(-1); signInAgain(form); return ""; }
        if (!answer.ok) { refusedAgain(answer.status); return ""; }
        if (!whole) { goOn(""); return ""; }
        var at = new URL(answer.url).pathname;
        if (at.indexOf("/sign-in/") === 0 || at.indexOf("/me/") === 0) { location.href = answer.url; return ""; }
        return answer.text();
      })
      .then(function (text) {
        if (text) { goOn((/name="csrfmiddlewaretoken" value="(\w+)"/.exec(text) || [])[1]); }
      }, function () { offline(true); })
      .then(function () { busy(-1); });
  }

  // A form is sent once, however often the button is pressed; after a long silence the session is asked for first.
  document.addEventListener("submit", function (event) {
    var form = event.target, button = event.submitter;
    if (form.parentNode && form.parentNode.id === "again") { event.preventDefault(); signInAgain(form); return; }
    if (form.hasAttribute("hx-get") || form.hasAttribute("hx-post") || event.defaultPrevented) { return; }
    if (form.getAttribute("data-sent")) { event.preventDefault(); return; }
    var post = form.method === "post" && body.getAttribute("data-account") && !form.hasAttribute("data-leave");
    if (post && Date.now() - lastContact > STALE) {
      event.preventDefault();
      var send = function () { doorstep.contact(); form.requestSubmit(button && button.form === form ? button : undefined); };
      busy(1);
      fetch("/now/", { credentials: "same-origin", headers: { "HX-Request": "true" } }).then(function (answer) {
        if (answer.status === 401 || ended(answer)) { signedOut(send, ended(answer)); } else { send(); }
      }, function () { offline(true); }).then(function () { busy(-1); });
      return;
    }
    form.setAttribute("data-sent", "1");
    busy(1);
    document.dispatchEvent(new CustomEvent("doorstep:sent", { detail: form }));
    each(form.querySelectorAll("button"), function (one) { one.setAttribute("aria-busy", "true"); });
  });
  window.addEventListener("pageshow", function () {
    all("form[data-sent]", function (form) { form.removeAttribute("data-sent"); });
    inflight = 0;
    busy(0);
  });

  // Fragments: count what is under way, keep or move the focus, say what came.
  var had = null, slow = 0, retry = null;
  function again(detail) {
    var asked = detail.requestConfig;
    return function () { window.htmx.ajax(asked.verb, asked.path, { source: asked.elt, target: asked.target }); };
  }
  document.addEventListener("htmx:configRequest", function (event) { event.detail.headers["X-CSRFToken"] = token(); });
  document.addEventListener("htmx:beforeRequest", function (event) {
    busy(1);
    had = document.activeElement;
    event.detail.target.setAttribute("aria-busy", "true");
    clearTimeout(slow);
    slow = setTimeout(function () { say(words("loading")); }, 3000);
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    busy(-1);
    clearTimeout(slow);
    event.detail.target.removeAttribute("aria-busy");
  });
  document.addEventListener("htmx:beforeOnLoad", function (event) {
    if (ended(event.detail.xhr.getResponseHeader("HX-Redirect") || "")) { event.preventDefault(); signedOut(again(event.detail), true); }
  });
  document.addEventListener("htmx:responseError", function (event) {
    var status = event.detail.xhr.status;
    if (status === 401 || status === 419) { signedOut(again(event.detail)); return; }
    if (status >= 500) { retry = again(event.detail); show(byId("broken"), true); }
  });
  // What has the focus already is not scrolled to by focusing it again; under the bar at the top it is not seen either.
  function inView(box) {
    var at = box.getBoundingClientRect();
    if (at.bottom < 64 || at.top > window.innerHeight - 24) { box.scrollIntoView({ block: "center" }); }
  }
  document.addEventListener("htmx:afterSettle", function () { if (document.activeElement && document.activeElement !== body) { inView(document.activeElement); } });
  document.addEventListener("htmx:afterSwap", function (event) {
    var target = (event.detail.target.id && byId(event.detail.target.id)) || event.detail.target;
    var wanted = target.querySelector("[data-first]") || (target.matches("[data-focus]") ? target : target.querySelector("[data-focus]"));
    var same = had && had.id ? byId(had.id) : had;
    if (!wanted && same && same !== body && document.contains(same)) { wanted = same; }
    if (!wanted) {
      wanted = target.querySelector("h1, h2, h3") || target;
      if (!wanted.hasAttribute("tabindex")) { wanted.setAttribute("tabindex", "-1"); }
    }
    wanted.focus();
    inView(wanted);
    say(target.textContent.replace(/\s+/g, " ").trim().slice(0, 120));
  });

  // An answer may say in a header (HX-Trigger: {"toast": "text"}) what was done: seen for four seconds, read aloud once.
  document.addEventListener("toast", function (event) {
    var note = document.createElement("p");
    note.textContent = event.detail.value || "";
    byId("toasts").appendChild(note);
    say(note.textContent);
    setTimeout(function () { note.remove(); }, 4000);
  });

  // Connection
  function offline(is) {
    show(byId("offline"), is);
    if (is) { byId("offline-age").textContent = words("age", { at: doorstep.hour(lastContact) }); }
  }
  doorstep.offline = offline;
  document.addEventListener("htmx:sendError", function (event) { retry = again(event.detail); offline(true); });
  document.addEventListener("htmx:afterOnLoad", function () { doorstep.contact(); offline(false); show(byId("broken"), false); });
  window.addEventListener("offline", function () { offline(true); });
  window.addEventListener("online", function () { offline(false); });

  document.addEventListener("DOMContentLoaded", function () {
    all("[data-letters]", function (box) { box.checked = lettersOn(); });
    var wrong = document.querySelector("[aria-invalid=true]") || document.querySelector(".note-wrong[data-focus]");
    if (wrong) { wrong.focus(); }
  });
})();
