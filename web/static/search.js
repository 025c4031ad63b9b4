/* Items are found while the clerk types; Enter opens the marked one, arrows move the mark. */
(function () {
  "use strict";

  var box = document.getElementById("q");
  var place = document.getElementById("found");
  var waiting = 0;
  var asked = box.value;
  var chosen = 0;

  function rows() { return place.querySelectorAll("tbody tr"); }

  function mark(index) {
    var all = rows();
    if (!all.length) { return; }
    chosen = Math.max(0, Math.min(index, all.length - 1));
    Array.prototype.forEach.call(all, function (row, number) {
      row.className = number === chosen ? "chosen" : "";
    });
    all[chosen].scrollIntoView({ block: "nearest" });
  }

  function ask() {
    var text = box.value;
    if (text === asked) { return; }
    asked = text;
    fetch(box.getAttribute("data-found") + "?q=" + encodeURIComponent(text), { redirect: "error" })
      .then(function (answer) { return answer.text(); })
      .then(function (html) {
        if (box.value === text) {
          place.innerHTML = html;
          mark(0);
        }
      })
      .catch(function () {});
  }

  box.addEventListener("input", function () {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(ask, 80);
  });

  box.addEventListener("keydown", function (event) {
    if (event.isComposing || event.keyCode === 229) { return; }
    if (event.key === "ArrowDown") { mark(chosen + 1); event.preventDefault(); }
    if (event.key === "ArrowUp") { mark(chosen - 1); event.preventDefault(); }
    if (event.key === "Enter" && box.value === asked && rows().length) {
      event.preventDefault();
      rows()[chosen].querySelector("[data-first]").click();
    }
  });

  box.setSelectionRange(box.value.length, box.value.length);
  if (box.value) { mark(0); }
}());
