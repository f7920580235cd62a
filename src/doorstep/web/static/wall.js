// The hall screen: asks every three seconds, lights up a new call for ten, and says since when it cannot ask.
(function () {
  "use strict";
  var d = window.doorstep, EVERY = 3000, PAUSED = 15000, BRIGHT = 10000;
  document.addEventListener("DOMContentLoaded", function () {
    var place = document.querySelector("[data-wall]"), paused = document.querySelector("[data-paused]"), beat = document.querySelector("[data-beat]");
    if (!place) { return; }
    var tag = place.getAttribute("data-tag"), last = Date.now(), known = keys(), beatText = beat ? beat.textContent : "";
    function keys() {
      var found = {};
      d.all("[data-call-key]", function (row) { found[row.getAttribute("data-call-key")] = true; });
      return found;
    }
    // A browser lets a page speak only after a hand has asked for it, once a day. The wish is kept; a browser that
    // was started for a wall speaks without the hand, and one that does not says so. Calls are said one after another.
    var speaker = document.querySelector("[data-voice]"), speaking = false, queue = [], WISH = "doorstep-wall-voice";
    function on() { return speaker !== null && speaker.getAttribute("aria-pressed") === "true"; }
    function turn(wanted) {
      if (on() === wanted) { return; }
      var other = speaker.getAttribute("data-on");
      speaker.setAttribute("aria-pressed", String(wanted));
      speaker.setAttribute("data-on", speaker.textContent);
      speaker.textContent = other;
      if (!wanted) { queue = []; }
    }
    if (speaker) {
      speaker.addEventListener("click", function () {
        turn(!on());
        try { localStorage.setItem(WISH, String(on())); } catch (closed) { /* a browser that keeps nothing */ }
        if (on()) { say(speaker.getAttribute("data-first")); }
      });
      try { turn(localStorage.getItem(WISH) === "true"); } catch (closed) { /* as above */ }
    }
    function say(clips) {
      if (!clips || !on()) { return; }
      queue = queue.concat(clips.split("|"));
      if (!speaking) { next(); }
    }
    function next() {
      var name = queue.shift();
      speaking = name !== undefined;
      if (!speaking) { return; }
      var sound = new Audio(speaker.getAttribute("data-voice") + encodeURIComponent(name) + "/");
      sound.addEventListener("ended", next);
      sound.addEventListener("error", next);
      sound.play().catch(function (why) {
        if (why.name !== "NotAllowedError") { return; }
        turn(false);
        speaking = false;
      });
    }
    function light() {
      d.all("[data-call-key]", function (row) {
        if (known[row.getAttribute("data-call-key")]) { return; }
        say(row.getAttribute("data-say"));
        row.classList.add("fresh");
        setTimeout(function () { row.classList.remove("fresh"); }, BRIGHT);
      });
      known = keys();
    }
    function reached() {
      last = Date.now();
      paused.hidden = true;
      if (beat) { beat.textContent = beatText.replace(/\d\d:\d\d/, d.hour(last)); }
    }
    function ask() {
      fetch(place.getAttribute("data-wall"), { credentials: "same-origin", headers: { "If-None-Match": '"' + tag + '"' } }).then(function (answer) {
        if (answer.status !== 200 && answer.status !== 304) { throw new Error(String(answer.status)); }
        reached();
        if (answer.status === 304) { return null; }
        tag = (answer.headers.get("ETag") || "").replace(/^(W\/)?"|"$/g, "");
        return answer.text();
      }).then(function (text) {
        if (text !== null) { place.innerHTML = text; light(); }
      }).catch(function () {
        if (Date.now() - last < PAUSED || !paused.hidden) { return; }
        paused.textContent = paused.getAttribute("data-said").replace("%at", d.hour(last));
        paused.hidden = false;
      }).then(function () { setTimeout(ask, EVERY); });
    }
    setTimeout(ask, EVERY);
  });
})();
