/* The clock, the light of the link, and the lock of a screen left alone. */
(function () {
  "use strict";

  var body = document.body;
  var csrf = document.querySelector('meta[name="csrf"]').content;
  var clock = document.getElementById("clock");
  var opened = Date.now();

  function pad(number) { return (number < 10 ? "0" : "") + number; }

  function showClock() {
    /* The time of the program, not of the browser, moved on by the minutes since. */
    var parts = clock.getAttribute("data-now").match(/\d+/g).map(Number);
    var time = new Date(Date.UTC(parts[0], parts[1] - 1, parts[2], parts[3], parts[4]));
    time = new Date(time.getTime() + Date.now() - opened);
    clock.textContent = time.getUTCFullYear() + "-" + pad(time.getUTCMonth() + 1) + "-" +
      pad(time.getUTCDate()) + " " + pad(time.getUTCHours()) + ":" + pad(time.getUTCMinutes());
  }

  function showLink() {
    fetch(body.getAttribute("data-link"), { redirect: "error" }).then(function (answer) {
      return answer.json();
    }).then(function (light) {
      document.getElementById("link-dot").className = "dot " + light.colour;
      document.getElementById("link-text").textContent = light.text;
      document.querySelector(".link-light").title = light.detail;
    }).catch(function () {});
  }

  function watchIdle() {
    var idle = Number(body.getAttribute("data-idle"));
    var lock = document.getElementById("lock");
    var fault = document.getElementById("lock-fault");
    var active = Date.now();
    var told = Date.now();

    function stir() {
      active = Date.now();
      if (lock.hidden && active - told > 60000) {
        told = active;
        fetch(body.getAttribute("data-alive"), { method: "POST", headers: { "X-CSRF": csrf } });
      }
    }

    function check() {
      if (lock.hidden && Date.now() - active > idle) {
        lock.hidden = false;
        lock.querySelector("input[name=password]").focus();
      }
    }

    lock.querySelector("form").addEventListener("submit", function (event) {
      event.preventDefault();
      var form = event.target;
      fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) })
        .then(function (answer) {
          form.elements.password.value = "";
          form.removeAttribute("data-sent");
          if (answer.status === 204) {
            active = told = Date.now();
            fault.textContent = "";
            lock.hidden = true;
            return null;
          }
          return answer.json().then(function (said) { fault.textContent = said.error; });
        })
        .catch(function () { window.location = body.getAttribute("data-login"); });
    });

    ["keydown", "mousedown", "wheel", "touchstart"].forEach(function (kind) {
      document.addEventListener(kind, stir, { passive: true });
    });
    window.setInterval(check, 5000);
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) { window.print(); }
  });

  if (document.querySelector("[data-print-now]")) { window.print(); }
  window.setInterval(showClock, 10000);
  if (body.hasAttribute("data-idle")) {
    watchIdle();
    window.setInterval(showLink, 15000);
  }
}());
