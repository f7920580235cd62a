// Security keys: the browser makes or uses one, and the form carries what it signed.
(function () {
  "use strict";
  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/")), found = new Uint8Array(plain.length), at;
    for (at = 0; at < plain.length; at += 1) { found[at] = plain.charCodeAt(at); }
    return found.buffer;
  }
  function text(buffer) {
    var plain = "";
    new Uint8Array(buffer).forEach(function (one) { plain += String.fromCharCode(one); });
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function known(list) {
    return (list || []).map(function (each) { return Object.assign({}, each, { id: bytes(each.id) }); });
  }
  function asked(options, how) {
    var key = JSON.parse(options).publicKey;
    key.challenge = bytes(key.challenge);
    if (how === "create") {
      key.user.id = bytes(key.user.id);
      key.excludeCredentials = known(key.excludeCredentials);
      return navigator.credentials.create({ publicKey: key });
    }
    key.allowCredentials = known(key.allowCredentials);
    return navigator.credentials.get({ publicKey: key });
  }
  function said(made) {
    var answer = { clientDataJSON: text(made.response.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (made.response[name]) { answer[name] = text(made.response[name]); }
    });
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response: answer,
      clientExtensionResults: made.getClientExtensionResults() });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("[data-key-use]") : null, form = button && button.form;
    if (!form) { return; }
    var wrong = form.querySelector(".wrong");
    wrong.hidden = true;
    button.setAttribute("aria-busy", "true");
    Promise.resolve().then(function () { return asked(form.getAttribute("data-options"), form.getAttribute("data-key")); })
      .then(function (made) {
        form.elements.credential.value = said(made);
        form.submit();
      }).catch(function () {
        wrong.textContent = form.getAttribute("data-wrong");
        wrong.hidden = false;
        button.removeAttribute("aria-busy");
      });
  });
})();
