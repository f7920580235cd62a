/* Reading: calipers on a trace, window and zoom of a picture, templates by digit. No key acts while somebody types. */
(function () {
  "use strict";

  function typing(target) {
    return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable;
  }

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  function say(selector, text) {
    var place = document.querySelector(selector);
    if (place) { place.textContent = text; }
  }

  /* -- trace: the millimetres of the drawing are known, so pixels become milliseconds and millivolts */

  function Calipers(view) {
    var image = view.querySelector("img");
    var box = document.createElement("div");
    var state = null;
    box.className = "caliper";
    box.hidden = true;
    view.appendChild(box);

    function scale() {
      return image.naturalWidth ? image.clientWidth / (image.naturalWidth / 96 * 25.4) : 0;
    }
    function show() {
      var k = scale();
      if (!state || !k) { return; }
      var left = Math.min(state.x, state.x + state.w), top = Math.min(state.y, state.y + state.h);
      box.hidden = false;
      box.style.left = left + "px";
      box.style.top = top + "px";
      box.style.width = Math.abs(state.w) + "px";
      box.style.height = Math.abs(state.h) + "px";
      var ms = Math.abs(state.w) / k / Number(view.getAttribute("data-speed")) * 1000;
      var mv = Math.abs(state.h) / k / Number(view.getAttribute("data-gain"));
      say("[data-caliper]", Math.round(ms) + " ms" + (ms >= 200 ? "  " + Math.round(60000 / ms) + " bpm" : "") + "  " + mv.toFixed(2) + " mV");
    }
    function at(event) {
      var frame = view.getBoundingClientRect();
      return { x: event.clientX - frame.left + view.scrollLeft, y: event.clientY - frame.top + view.scrollTop };
    }
    var held = false;
    view.addEventListener("mousedown", function (event) {
      var point = at(event);
      held = true;
      state = { x: point.x, y: point.y, w: 0, h: 0 };
      view.focus();
      event.preventDefault();
    });
    window.addEventListener("mousemove", function (event) {
      if (!held) { return; }
      var point = at(event);
      state.w = point.x - state.x;
      state.h = point.y - state.y;
      show();
    });
    window.addEventListener("mouseup", function () { held = false; });
    view.addEventListener("keydown", function (event) {
      var step = scale() * (event.ctrlKey ? 5 : 1);
      var moves = { ArrowRight: [step, 0], ArrowLeft: [-step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      var move = moves[event.code];
      if (event.code === "KeyZ") { view.classList.toggle("is-real"); show(); return; }
      if (event.code === "Escape") { state = null; box.hidden = true; return; }
      if (!move || event.altKey) { return; }
      event.preventDefault();
      if (!state) { state = { x: 40 * scale(), y: 20 * scale(), w: 20 * scale(), h: 10 * scale() }; }
      if (event.shiftKey) { state.x += move[0]; state.y += move[1]; } else { state.w += move[0]; state.h += move[1]; }
      show();
    });
  }

  /* -- picture: the server renders; while the pointer moves, the browser only brightens what it has */

  function Film(view) {
    var images = all("img", view);
    var before = view.hasAttribute("data-before");
    var usual = { width: Number(view.getAttribute("data-width")), level: Number(view.getAttribute("data-level")) };
    var now = { width: usual.width, level: usual.level, invert: false, zoom: 1, x: 0, y: 0, at: 0 };

    function address(image, size) {
      var query = "?size=" + size + (now.invert ? "&invert=1" : "");
      if (!before) { query += "&width=" + Math.round(now.width) + "&level=" + Math.round(now.level); }
      return "/picture/" + image.getAttribute("data-media") + "/" + query;
    }
    function size() {
      return now.zoom > 1.5 ? 2048 : window.devicePixelRatio > 1 ? 1600 : 1024;
    }
    function render() {
      var image = images[now.at], wanted = address(image, size());
      if (!before) { say("[data-window-now]", "W " + Math.round(now.width) + " L " + Math.round(now.level) + (images.length > 1 ? "  " + (now.at + 1) + "/" + images.length : "")); }
      if (image.getAttribute("data-shown") === wanted) { image.style.filter = ""; return; }
      var next = new Image();
      image.setAttribute("data-wanted", wanted);
      next.onload = function () {
        if (image.getAttribute("data-wanted") !== wanted) { return; }
        image.src = wanted;
        image.setAttribute("data-shown", wanted);
        image.style.filter = "";
      };
      next.src = wanted;
    }
    function place() {
      images.forEach(function (image) { image.style.transform = "translate(" + now.x + "px," + now.y + "px) scale(" + now.zoom + ")"; });
    }
    function zoom(factor, x, y) {
      var next = Math.max(1, Math.min(8, now.zoom * factor));
      now.x = x - (x - now.x) * next / now.zoom;
      now.y = y - (y - now.y) * next / now.zoom;
      now.zoom = next;
      if (next === 1) { now.x = now.y = 0; }
      place();
    }
    function turn(by) {
      var next = now.at + by;
      if (next < 0 || next >= images.length) { return; }
      images[now.at].hidden = true;
      now.at = next;
      images[next].hidden = false;
      render();
    }
    view.act = function (name) {
      var middle = [view.clientWidth / 2, view.clientHeight / 2];
      if (name === "invert") { now.invert = !now.invert; render(); }
      else if (name === "fit") { zoom(0, 0, 0); now.width = usual.width; now.level = usual.level; now.invert = false; render(); }
      else if (name === "closer") { zoom(1.4, middle[0], middle[1]); render(); }
      else if (name === "further") { zoom(1 / 1.4, middle[0], middle[1]); }
      else if (name === "key") {
        var box = document.querySelector("[data-key]");
        if (box) { box.value = "Media/" + images[now.at].getAttribute("data-media"); say("[data-window-now]", "K " + (now.at + 1) + "/" + images.length); }
      }
    };
    view.preset = function (width, level) { now.width = width; now.level = level; render(); };
    var held = null;
    view.addEventListener("mousedown", function (event) {
      held = { x: event.clientX, y: event.clientY, width: now.width, level: now.level, px: now.x, py: now.y, pan: event.button === 1 || event.shiftKey };
      view.focus();
      event.preventDefault();
    });
    window.addEventListener("mousemove", function (event) {
      if (!held) { return; }
      var dx = event.clientX - held.x, dy = event.clientY - held.y;
      if (held.pan) { now.x = held.px + dx; now.y = held.py + dy; place(); return; }
      if (before) { return; }
      now.width = Math.max(1, held.width * Math.pow(1.01, dx));
      now.level = held.level + dy * held.width / 400;
      images[now.at].style.filter = "contrast(" + (held.width / now.width).toFixed(3) + ") brightness(" + Math.max(0.1, 1 - (now.level - held.level) / held.width).toFixed(3) + ")";
      say("[data-window-now]", "W " + Math.round(now.width) + " L " + Math.round(now.level));
    });
    window.addEventListener("mouseup", function () { if (held) { held = null; render(); } });
    view.addEventListener("wheel", function (event) {
      var frame = view.getBoundingClientRect();
      event.preventDefault();
      if (images.length > 1 && !event.ctrlKey) { turn(event.deltaY > 0 ? 1 : -1); return; }
      zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.clientX - frame.left, event.clientY - frame.top);
    }, { passive: false });
    view.addEventListener("keydown", function (event) {
      var step = now.width / 50;
      if (event.altKey || event.ctrlKey) { return; }
      if (event.code === "PageDown") { turn(1); event.preventDefault(); }
      else if (event.code === "PageUp") { turn(-1); event.preventDefault(); }
      else if (/^Arrow/.test(event.code) && !before) {
        if (event.code === "ArrowUp") { now.level += step; } else if (event.code === "ArrowDown") { now.level -= step; }
        else if (event.code === "ArrowRight") { now.width += step; } else { now.width = Math.max(1, now.width - step); }
        event.preventDefault();
        render();
      }
    });
    if (images.length) { render(); }
  }

  function template(button) {
    var form = button.closest ? button.closest("form") : null;
    if (!form) { return; }
    form.elements.findings.value = button.getAttribute("data-findings");
    form.elements.conclusion.value = button.getAttribute("data-conclusion");
    form.elements.finding.value = button.getAttribute("data-finding");
    form.elements.conclusion.dispatchEvent(new Event("input", { bubbles: true }));
    say("#live", button.textContent);
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target.closest("[data-template],[data-window],[data-film]") : null;
    var film = document.querySelector("film-view:not([data-before])");
    if (!target) { return; }
    if (target.hasAttribute("data-template")) { template(target); }
    else if (film && target.hasAttribute("data-window")) { film.preset(Number(target.getAttribute("data-window")), Number(target.getAttribute("data-level"))); }
    else if (film) { film.act(target.getAttribute("data-film")); }
  });

  document.addEventListener("keydown", function (event) {
    if (event.isComposing || event.keyCode === 229 || event.altKey) { return; }
    var digit = /^Digit([1-9])$/.exec(event.code);
    var film = document.querySelector("film-view:not([data-before])");
    if (digit && event.ctrlKey) {
      var again = document.querySelector('[data-again] [data-letter="' + digit[1] + '"]');
      if (again) { event.preventDefault(); again.click(); }
      return;
    }
    if (typing(event.target) || event.ctrlKey) { return; }
    if (digit) {
      var found = document.querySelector(film && !event.shiftKey ? '[data-digit="' + digit[1] + '"]' : '[data-template="' + digit[1] + '"]');
      if (found) { event.preventDefault(); found.click(); }
      return;
    }
    if (!film) { return; }
    var names = { KeyI: "invert", KeyF: "fit", KeyK: "key", Equal: "closer", NumpadAdd: "closer", Minus: "further", NumpadSubtract: "further" };
    if (names[event.code]) { event.preventDefault(); film.act(names[event.code]); }
  });

  function start() {
    all("trace-view").forEach(Calipers);
    all("film-view").forEach(Film);
    var first = document.querySelector("trace-view, film-view");
    if (first && document.activeElement === document.body) { first.focus({ preventScroll: true }); }
  }
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", start); } else { start(); }
})();
