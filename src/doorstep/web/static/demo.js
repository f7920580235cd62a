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

// The people of the demo are found by name, title or institution; Enter becomes the first who is left.
(function () {
  "use strict";
  var box = document.getElementById("role-find");
  if (!box) { return; }
  var none = document.getElementById("role-none");
  function all(selector, under) { return Array.prototype.slice.call((under || document).querySelectorAll(selector)); }
  function left() { return all("[data-role]").filter(function (each) { return !each.hidden; }); }
  function find() {
    var wanted = box.value.trim().toLowerCase();
    all("[data-role]").forEach(function (each) { each.hidden = each.textContent.toLowerCase().indexOf(wanted) < 0; });
    all(".role-house").forEach(function (house) {
      var some = all("[data-role]", house).some(function (each) { return !each.hidden; });
      house.hidden = !some;
      house.open = wanted !== "" && some;
    });
    none.hidden = left().length > 0;
  }
  box.parentNode.hidden = false;
  box.addEventListener("input", find);
  box.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.isComposing || !box.value.trim()) { return; }
    event.preventDefault();
    if (left().length) { left()[0].querySelector("button").click(); }
  });
  if (box.value) { find(); }
})();
