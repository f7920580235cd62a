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
    function light() {
      d.all("[data-call-key]", function (row) {
        if (known[row.getAttribute("data-call-key")]) { return; }
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
