// What a scan said, heard: one high tone for yes, three low ones for no. The words stand beside it.
(function () {
  "use strict";
  var place = document.querySelector("[data-heard='ok'], [data-heard='bad']"), Audio = window.AudioContext || window.webkitAudioContext;
  function kept() { try { return window.sessionStorage.getItem("doorstep.sound"); } catch (refused) { return null; } }
  if (!place || !Audio || !kept()) { return; }
  var audio = new Audio(), tones = place.getAttribute("data-heard") === "ok" ? [1320] : [300, 300, 220];
  function play() {
    if (audio.state !== "running") { return; }
    audio.onstatechange = null;
    tones.forEach(function (pitch, at) {
      var tone = audio.createOscillator(), volume = audio.createGain();
      tone.frequency.value = pitch;
      volume.gain.value = 0.2;
      tone.connect(volume); volume.connect(audio.destination);
      tone.start(audio.currentTime + at * 0.2); tone.stop(audio.currentTime + at * 0.2 + 0.14);
    });
  }
  audio.onstatechange = play;
  play();
})();
