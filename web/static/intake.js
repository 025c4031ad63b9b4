/* The intake form: birth and sex from the ID number, all papers at once, rows added in place. */
(function () {
  "use strict";

  var form = document.getElementById("intake");
  var weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

  function field(name) { return form.elements["f." + name]; }

  function narrow(text) {
    return text.replace(/[\uff01-\uff5e]/g, function (wide) {
      return String.fromCharCode(wide.charCodeAt(0) - 0xfee0);
    }).replace(/\s/g, "");
  }

  function isRight(number) {
    if (!/^\d{17}[\dX]$/.test(number)) { return false; }
    var sum = weights.reduce(function (total, weight, place) {
      return total + weight * Number(number[place]);
    }, 0);
    return "10X98765432"[sum % 11] === number[17];
  }

  function fillFromNumber() {
    var number = narrow(field("id_no").value).toUpperCase();
    field("id_no").value = number;
    if (!isRight(number)) { return; }
    var birth = number.slice(6, 10) + "-" + number.slice(10, 12) + "-" + number.slice(12, 14);
    set("birth", birth);
    set("sex", Number(number[16]) % 2 ? "1" : "2");
  }

  function set(name, value) {
    var input = field(name);
    if (input && input.value !== value) {
      input.value = value;
      input.classList.add("filled");
    }
  }

  function fullDate(input) {
    var text = narrow(input.value);
    var now = document.getElementById("clock").textContent.slice(0, 4);
    if (/^\d{4}$/.test(text)) { text = now + text; }
    if (/^\d{8}$/.test(text)) {
      input.value = text.slice(0, 4) + "-" + text.slice(4, 6) + "-" + text.slice(6);
    }
  }

  function addRow(name) {
    var body = form.querySelector('[data-rows="' + name + '"] tbody');
    var last = body.rows[body.rows.length - 1];
    var row = last.cloneNode(true);
    var number = body.rows.length + 1;
    row.cells[0].textContent = number;
    Array.prototype.forEach.call(row.querySelectorAll("input, select, textarea"), function (cell) {
      var parts = cell.name.split(".");
      parts[2] = number;
      cell.name = cell.id = parts.join(".");
      cell.value = "";
    });
    Array.prototype.forEach.call(row.querySelectorAll(".fault, .caution"), function (line) {
      line.parentNode.removeChild(line);
    });
    body.appendChild(row);
    row.querySelector("input, select").focus();
  }

  /* Which papers are asked for depends on what was typed: the server says, only they change. */
  var asked = 0;
  function renewPapers() {
    var turn = asked += 1;
    var sent = new URLSearchParams(new FormData(form));
    sent.delete("sheet");
    sent.set("do", "papers");
    fetch(form.action, { method: "POST", body: sent, credentials: "same-origin" })
      .then(function (answer) { return answer.ok ? answer.text() : ""; })
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, "text/html").getElementById("papers");
        var now = document.getElementById("papers");
        if (!fresh || turn !== asked || now.contains(document.activeElement)) { return; }
        Array.prototype.forEach.call(fresh.querySelectorAll("select"), function (paper) {
          if (form.elements[paper.name]) { paper.value = form.elements[paper.name].value; }
        });
        now.replaceWith(document.adoptNode(fresh));
      })
      .catch(function () { /* The next check of the whole form asks for them. */ });
  }

  form.addEventListener("change", function (event) {
    var input = event.target;
    var conditions = (form.getAttribute("data-conditions") || "").split(" ");
    if (conditions.indexOf(input.name.slice(2)) >= 0) { window.setTimeout(renewPapers, 0); }
    if (input.name === "f.id_no") { fillFromNumber(); }
    if (input.getAttribute("data-type") === "date") { fullDate(input); }
    if (input.getAttribute("data-type") === "number") { input.value = narrow(input.value); }
  });

  form.addEventListener("click", function (event) {
    if (event.target.closest("[data-all-papers]")) {
      Array.prototype.forEach.call(form.querySelectorAll("select[data-usual]"), function (paper) {
        if (!paper.value) { paper.value = paper.getAttribute("data-usual"); }
      });
    }
    var add = event.target.closest("[data-add-row]");
    if (add) {
      event.preventDefault();
      addRow(add.getAttribute("data-add-row"));
    }
  });

  /* What is typed is on the disk a second later: a power cut takes no more than that. */
  var waiting = 0;
  var told = document.getElementById("draft-state");

  function save() {
    window.clearTimeout(waiting);
    waiting = 0;
    fetch(form.getAttribute("data-save"), {
      method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "error"
    }).then(function (answer) {
      told.textContent = told.getAttribute(answer.ok ? "data-saved" : "data-lost");
    }).catch(function () {
      told.textContent = told.getAttribute("data-lost");
    });
  }

  form.addEventListener("input", function () {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(save, 600);
  });
  form.addEventListener("submit", function () { window.clearTimeout(waiting); });

  var wrong = form.querySelector(".wrong input, .wrong select, .wrong textarea");
  var first = form.querySelector(".block input, .block select");
  if (wrong || first) { (wrong || first).focus(); }
}());
