/* Hands stay on the keyboard: function keys, Enter to the next field, Esc back. */
(function () {
  "use strict";

  function nameOf(event) {
    if (event.altKey && !event.ctrlKey && /^Key[A-Z]$/.test(event.code)) {
      return "Alt+" + event.code.slice(3);
    }
    if (event.ctrlKey || event.altKey || event.metaKey) { return ""; }
    return /^(F\d{1,2}|Escape|PageUp|PageDown)$/.test(event.key) ? event.key : "";
  }

  function isShown(element) {
    return !element.disabled && element.getClientRects().length > 0;
  }

  function target(name) {
    var marked = document.querySelectorAll('[data-key~="' + name + '"]');
    return Array.prototype.find.call(marked, isShown) || null;
  }

  function use(element) {
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName)) {
      element.focus();
      if (element.select) { element.select(); }
    } else {
      element.click();
    }
  }

  function fieldsOf(form) {
    return Array.prototype.filter.call(form.elements, function (element) {
      return element.type !== "hidden" && element.tagName !== "FIELDSET" && isShown(element) &&
        !element.hasAttribute("data-passed-over");
    });
  }

  function mode(form) { return form.getAttribute("data-enter") || ""; }

  function step(element, direction) {
    var fields = fieldsOf(element.form);
    var next = fields[fields.indexOf(element) + direction];
    if (!next || (next.tagName === "BUTTON" && mode(element.form) === "next-send")) {
      return false;
    }
    next.focus();
    if (next.select && next.type !== "button" && next.type !== "submit") { next.select(); }
    return true;
  }

  function isField(element) {
    return element.form && /^next/.test(mode(element.form)) &&
      (element.tagName === "SELECT" ||
        (element.tagName === "INPUT" && element.type !== "submit" && element.type !== "button"));
  }

  document.addEventListener("keydown", function (event) {
    /* Enter inside an input method chooses a character; it is no command. */
    if (event.isComposing || event.keyCode === 229) { return; }
    var lock = document.getElementById("lock");
    if (lock && !lock.hidden) { return; }
    if (event.key === "Enter" && isField(event.target)) {
      if (step(event.target, event.shiftKey ? -1 : 1)) { event.preventDefault(); }
      return;
    }
    var name = nameOf(event);
    var found = name && target(name);
    if (found) {
      event.preventDefault();
      use(found);
    } else if (/^F([1-9]|10)$/.test(name) && name !== "F5") {
      /* A browser's own F1 or F3 would cover the work. */
      event.preventDefault();
    }
  });

  document.addEventListener("input", function (event) {
    if (event.target.form) { event.target.form.setAttribute("data-dirty", "yes"); }
  });

  document.addEventListener("click", function (event) {
    var asked = event.target.closest("[data-confirm]");
    if (!asked) { return; }
    var form = document.querySelector(asked.getAttribute("data-confirm-dirty") || "none");
    if (asked.hasAttribute("data-confirm-dirty") && !(form && form.hasAttribute("data-dirty"))) {
      return;
    }
    if (!window.confirm(asked.getAttribute("data-confirm"))) { event.preventDefault(); }
  });

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.hasAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    if (form.method === "post") {
      form.setAttribute("data-sent", "yes");
      window.setTimeout(function () { form.removeAttribute("data-sent"); }, 8000);
    }
  });
}());
