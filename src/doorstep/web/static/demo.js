// The demo is being made as it was: this page waits for the server to begin again and opens it.
(function () {
  "use strict";
  var place = document.querySelector("[data-boot]");
  if (!place) { return; }
  function ask() {
    fetch("/demo/boot/", { cache: "no-store" }).then(function (answer) {
      return answer.ok ? answer.text() : place.getAttribute("data-boot");
    }).then(function (boot) {
      if (boot !== place.getAttribute("data-boot")) { window.location.assign("/sign-in/"); return; }
      setTimeout(ask, 700);
    }).catch(function () { setTimeout(ask, 700); });
  }
  ask();
})();
