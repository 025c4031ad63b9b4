/* Rows of a list by arrow keys, ticks by the space bar, phrases of opinions. */
(function () {
  "use strict";

  var table = document.querySelector("table[data-rows]");

  function links() { return Array.prototype.slice.call(table.querySelectorAll("a[data-open]")); }

  function ticks() { return Array.prototype.slice.call(table.querySelectorAll('input[name="case"]')); }

  function move(direction) {
    var all = links();
    var row = document.activeElement.closest("tr[data-case]");
    var here = row ? all.indexOf(row.querySelector("a[data-open]")) : -1;
    var next = here < 0 ? (direction > 0 ? 0 : all.length - 1) : here + direction;
    if (all[next]) { all[next].focus(); }
  }

  function isTyping(element) {
    return /^(TEXTAREA|SELECT)$/.test(element.tagName) ||
      (element.tagName === "INPUT" && element.type !== "checkbox");
  }

  function showTicked() {
    var ticked = ticks().filter(function (tick) { return tick.checked; }).length;
    var button = document.querySelector("[data-needs-tick]");
    if (!button) { return; }
    button.disabled = ticked === 0;
    button.querySelector("[data-ticked]").textContent = ticked || "";
  }

  function tickRow() {
    var row = document.activeElement.closest("tr[data-case]");
    var tick = row && row.querySelector('input[name="case"]');
    if (!tick || document.activeElement === tick) { return false; }
    tick.checked = !tick.checked;
    showTicked();
    return true;
  }

  function onKey(event) {
    var isPlain = !(event.ctrlKey || event.altKey || event.metaKey);
    if (event.isComposing || !isPlain) { return; }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (/^(TEXTAREA|SELECT)$/.test(event.target.tagName)) { return; }
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === " " && !isTyping(event.target) && tickRow()) {
      event.preventDefault();
    }
  }

  if (table) {
    document.addEventListener("keydown", onKey);
    table.addEventListener("change", function (event) {
      if (event.target.hasAttribute("data-tick-all")) {
        ticks().forEach(function (tick) { tick.checked = event.target.checked; });
      }
      showTicked();
    });
    showTicked();
    if (links()[0] && document.activeElement === document.body) { links()[0].focus(); }
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-phrase]");
    if (!button) { return; }
    var field = document.getElementById(button.getAttribute("data-into"));
    field.value = (field.value ? field.value.replace(/\s+$/, "") + "\n" : "") +
      button.getAttribute("data-phrase");
    field.focus();
  });
}());
