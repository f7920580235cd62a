// What parts of pages do: clocks, small questions asked again and again, drafts, look-ups, scans, sound, lists.
(function () {
  "use strict";
  var d = window.doorstep, body = document.body, EVERY = 15000, SLOWEST = 120000;
  var ahead = Date.parse(body.getAttribute("data-now")) - Date.now() || 0;
  function now() { return Date.now() + ahead; }
  // The server's hour, whatever zone the screen is set to.
  var zone = /([+-])(\d\d):(\d\d)$/.exec(body.getAttribute("data-now") || ""), off = zone ? (zone[1] + "1") * (zone[2] * 60 + Number(zone[3])) : 0;
  function hour(at) { return new Date(at + off * 60000).toISOString().slice(11, 16); }
  d.hour = function (at) { return hour(at + ahead); };
  function session() { return window.sessionStorage; }

  // Clocks count on by the server's time.
  function tick() {
    d.all("[data-due]", function (clock) {
      var left = Math.floor((Date.parse(clock.getAttribute("data-due")) - now()) / 60000), late = left < 0;
      var n = Math.abs(late ? left + 1 : left), soon = Number(clock.getAttribute("data-soon"));
      var unit = n >= 2880 ? "days" : n >= 120 ? "hours" : "minutes";
      var shown = d.words((late ? "late-" : "left-") + unit, { n: unit === "days" ? Math.floor(n / 1440) : unit === "hours" ? Math.floor(n / 60) : n });
      if (shown && clock.textContent !== shown) { clock.textContent = shown; }
      clock.className = "clock clock-" + (late ? "late" : left < soon ? "warn" : "calm");
    });
    d.all("[data-time]", function (clock) {
      clock.textContent = hour(now());
    });
  }
  setInterval(tick, 10000);

  // [data-poll]: a small question about every 15 seconds, each page at moments of its own; slower when nobody answers or looks.
  function poll(place) {
    var wait = EVERY, timer = 0, tag = place.getAttribute("data-tag");
    function later() { clearTimeout(timer); timer = setTimeout(ask, wait * (0.85 + 0.3 * Math.random())); }
    function ask() {
      clearTimeout(timer);
      if (document.hidden && wait < SLOWEST) { wait = Math.min(SLOWEST, wait * 2); later(); return; }
      var headers = { "HX-Request": "true" };
      if (tag) { headers["If-None-Match"] = '"' + tag + '"'; }
      d.busy(1);
      fetch(place.getAttribute("data-poll"), { credentials: "same-origin", headers: headers }).then(function (answer) {
        wait = EVERY;
        if (answer.status === 401 || d.ended(answer)) { d.signedOut(null, d.ended(answer)); return null; }
        if (answer.status >= 500) { throw new Error(String(answer.status)); }
        d.contact();
        d.offline(false);
        if (answer.status !== 200) { return null; }
        tag = (answer.headers.get("ETag") || "").replace(/^(W\/)?"|"$/g, "");
        return answer.text();
      }).then(function (text) {
        if (text !== null && text !== undefined) { place.innerHTML = text; tick(); ring(); }
      }).catch(function () {
        wait = Math.min(SLOWEST, wait * 2);
        d.offline(true);
      }).then(function () { d.busy(-1); later(); });
    }
    document.addEventListener("doorstep:poll", ask);
    document.addEventListener("visibilitychange", function () { if (!document.hidden) { wait = EVERY; ask(); } });
    later();
  }

  // Alarms sound until they are answered, once somebody has switched the sound on.
  var audio = null, ringing = 0, lost = false;
  function beep() {
    if (!audio || audio.state !== "running") { return; }
    [0, 0.22].forEach(function (after, at) {
      var tone = audio.createOscillator(), volume = audio.createGain();
      tone.frequency.value = at ? 660 : 880;
      volume.gain.value = 0.2;
      tone.connect(volume); volume.connect(audio.destination);
      tone.start(audio.currentTime + after); tone.stop(audio.currentTime + after + 0.18);
    });
  }
  function ring() {
    var is = Boolean(document.querySelector("[data-alarm]"));
    if (is && !ringing) { beep(); ringing = setInterval(beep, 4000); }
    if (!is && ringing) { clearInterval(ringing); ringing = 0; }
  }
  function sound(is) {
    var Audio = window.AudioContext || window.webkitAudioContext;
    if (is && Audio && !audio) { audio = new Audio(); }
    if (audio) { if (is) { audio.resume(); } else { audio.suspend(); } }
    d.keep(session, "doorstep.sound", is ? "on" : null);
    d.all("[data-sound]", function (button) {
      if (!button.getAttribute("data-off")) { button.setAttribute("data-off", button.textContent); }
      button.setAttribute("aria-pressed", String(is));
      button.textContent = button.getAttribute(is ? "data-on" : "data-off");
    });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-sound]");
    if (button) { sound(button.getAttribute("aria-pressed") !== "true"); beep(); }
    else if (!lost && d.keep(session, "doorstep.sound")) { lost = true; sound(true); }
  });

  // Drafts: what was typed and not sent, for this person, page and form, in this window alone.
  function draftKey(form) { return "doorstep.draft." + body.getAttribute("data-account") + "." + location.pathname + "." + form.getAttribute("data-draft"); }
  function boxes(form) {
    return Array.prototype.filter.call(form.elements, function (box) { return box.name && !/^(hidden|password|file|submit|button)$/.test(box.type); });
  }
  function written(form) {
    return boxes(form).map(function (box) {
      var ticked = box.type === "checkbox" || box.type === "radio";
      return [box.name, ticked ? box.value : "", ticked ? box.checked : box.value];
    });
  }
  function draft(form) {
    var key = draftKey(form), before = JSON.stringify(written(form)), timer = 0, note = form.querySelector("[data-draft-note]");
    var kept = d.keep(session, key);
    if (kept && kept !== before && !form.querySelector("[aria-invalid=true]")) {
      JSON.parse(kept).forEach(function (entry) {
        boxes(form).forEach(function (box) {
          if (box.name !== entry[0]) { return; }
          if (box.type === "checkbox" || box.type === "radio") { if (box.value === entry[1]) { box.checked = entry[2]; } } else { box.value = entry[2]; }
        });
      });
      if (note) { note.hidden = false; }
      d.say(d.words("restored"));
    }
    function save() {
      var is = JSON.stringify(written(form));
      d.keep(session, key, is === before ? null : is);
    }
    form.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(save, 800); });
    form.addEventListener("change", save);
    window.addEventListener("pagehide", function () { if (!form.getAttribute("data-sent")) { save(); } });
    form.addEventListener("click", function (event) {
      if (!event.target.hasAttribute("data-draft-drop")) { return; }
      d.keep(session, key, null);
      form.reset();
      note.hidden = true;
      boxes(form)[0].focus();
    });
  }
  document.addEventListener("doorstep:sent", function (event) {
    var form = event.detail;
    if (form.hasAttribute("data-draft")) { d.keep(session, draftKey(form), null); }
    if (form.hasAttribute("data-leave")) {
      try {
        Object.keys(window.sessionStorage).forEach(function (key) { if (key.indexOf("doorstep.draft.") === 0) { window.sessionStorage.removeItem(key); } });
      } catch (refused) { return; }
    }
  });

  // Look-ups: a listbox below a box; the server finds by characters, initials, pinyin or the tail of a number.
  function lookup(place) {
    var box = place.querySelector("[role=combobox]"), value = place.querySelector("input[type=hidden]"), list = place.querySelector("[role=listbox]");
    var at = -1, timer = 0, asked = 0;
    function options() { return list.querySelectorAll("[data-value]"); }
    function open(is) { list.hidden = !is; box.setAttribute("aria-expanded", String(is)); if (!is) { mark(-1); } }
    function mark(to) {
      Array.prototype.forEach.call(options(), function (option, place_) { option.setAttribute("aria-selected", String(place_ === to)); });
      at = to;
      var option = options()[to];
      if (option) { box.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); } else { box.removeAttribute("aria-activedescendant"); }
    }
    function take(option) {
      box.value = option.getAttribute("data-text");
      value.value = option.getAttribute("data-value");
      open(false);
      value.dispatchEvent(new Event("change", { bubbles: true }));
    }
    function ask() {
      var mine = ++asked, typed = box.value.trim();
      if (!typed) { open(false); return; }
      var joint = place.getAttribute("data-lookup").indexOf("?") < 0 ? "?" : "&";
      d.busy(1);
      fetch(place.getAttribute("data-lookup") + joint + "list=" + list.id + "&q=" + encodeURIComponent(typed), { credentials: "same-origin", headers: { "HX-Request": "true" } })
        .then(function (answer) {
          if (answer.status === 401 || d.ended(answer)) { d.signedOut(ask, d.ended(answer)); }
          return answer.status === 200 ? answer.text() : "";
        }).then(function (text) {
          if (mine !== asked) { return; }
          list.innerHTML = text;
          open(Boolean(text));
          d.say(options().length ? d.words("options", { n: options().length }) : list.textContent.trim());
        }).catch(function () { d.offline(true); }).then(function () { d.busy(-1); });
    }
    box.addEventListener("input", function (event) {
      value.value = "";
      clearTimeout(timer);
      if (!d.composing(event)) { timer = setTimeout(ask, 180); }
    });
    box.addEventListener("compositionend", function () { clearTimeout(timer); timer = setTimeout(ask, 180); });
    box.addEventListener("keydown", function (event) {
      if (d.composing(event)) { return; }
      var n = options().length;
      if ((event.key === "ArrowDown" || event.key === "ArrowUp") && n) {
        event.preventDefault();
        open(true);
        mark((at + (event.key === "ArrowDown" ? 1 : n - 1) + (at < 0 && event.key === "ArrowUp" ? 1 : 0)) % n);
      } else if (event.key === "Enter" && !list.hidden && n) {
        event.preventDefault();
        take(options()[Math.max(0, at)]);
      } else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); open(false); }
    });
    box.addEventListener("blur", function () { setTimeout(function () { open(false); }, 150); });
    list.addEventListener("mousedown", function (event) {
      var option = event.target.closest("[data-value]");
      event.preventDefault();
      if (option) { take(option); }
    });
  }

  // Scans: read by the place of the key, so that an input method cannot spoil them; a fragment is refused aloud.
  function codeOf(event) {
    if (/^Key[A-Z]$/.test(event.code)) { return event.code.slice(3); }
    if (/^(Digit|Numpad)[0-9]$/.test(event.code)) { return event.code.slice(-1); }
    return event.code === "Minus" || event.code === "NumpadSubtract" ? "-" : "";
  }
  function scan(form) {
    var box = form.querySelector("input[name=code]"), said = form.querySelector("[role=status]"), raw = "", waits = "", whole = new RegExp("^(?:" + form.getAttribute("data-scan") + ")$");
    function refuse() { said.textContent = d.words("scan-bad"); said.className = "wrong"; box.setAttribute("aria-invalid", "true"); box.select(); beep(); }
    box.addEventListener("keydown", function (event) {
      var key = codeOf(event);
      if (key && !event.ctrlKey && !event.metaKey && !event.altKey) { raw += key; }
      if (event.key === "Backspace") { raw = ""; }
      if (event.code !== "Enter" && event.code !== "NumpadEnter" && event.code !== "Tab") { return; }
      // An input method has the Enter while it composes; what the scanner sent are the keys, taken when it is done.
      if (d.composing(event)) { waits = raw; raw = ""; return; }
      var typed = box.value.trim().toUpperCase();
      if (!whole.test(typed)) { typed = raw; }
      raw = "";
      if (!typed && event.code === "Tab") { return; }
      event.preventDefault();
      if (!whole.test(typed)) { refuse(); return; }
      box.value = typed;
      form.requestSubmit();
    });
    box.addEventListener("compositionend", function () {
      if (whole.test(waits)) { box.value = waits; form.requestSubmit(); }
      waits = "";
    });
    form.addEventListener("submit", function (event) {
      if (!whole.test(box.value.trim().toUpperCase())) { event.preventDefault(); refuse(); }
    }, true);
  }

  // Lists: up and down, preview by Space, back to the row on closing.
  var row = null;
  function opener(line) { return line.querySelector(".open"); }
  document.addEventListener("keydown", function (event) {
    if (d.composing(event) || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || !event.target.closest) { return; }
    if (event.key === "Enter" && event.target.id === "preview-title") { event.preventDefault(); document.querySelector("#preview a.primary").click(); return; }
    var line = event.target.closest("[data-row]");
    if (!line) {
      var start = event.key === "ArrowDown" && event.target.closest("[data-worklist]") && !d.typing(event.target) && document.querySelector("[data-row]");
      if (start) { event.preventDefault(); opener(start).focus(); }
      return;
    }
    var step = event.key === "ArrowDown" ? line.nextElementSibling : event.key === "ArrowUp" ? line.previousElementSibling : null;
    if (step) { event.preventDefault(); opener(step).focus(); return; }
    if (event.code === "Space" && window.htmx && event.target.type !== "checkbox") {
      event.preventDefault();
      row = line;
      document.getElementById("preview").hidden = false;
      window.htmx.ajax("GET", line.getAttribute("data-preview"), { source: document.getElementById("preview"), target: "#preview", swap: "outerHTML" });
    }
  });
  document.addEventListener("doorstep:close", function () {
    var preview = document.getElementById("preview");
    preview.hidden = true;
    preview.innerHTML = "";
    if (row && document.contains(row)) { opener(row).focus(); }
  });

  document.addEventListener("DOMContentLoaded", function () {
    d.all("[data-poll]", poll);
    d.all("form[data-draft]", draft);
    d.all("[data-lookup]", lookup);
    d.all("form[data-scan]", scan);
    if (d.keep(session, "doorstep.sound")) { d.all("[data-sound]", function (button) { button.setAttribute("data-off", button.textContent); }); }
    tick();
    ring();
  });
})();
