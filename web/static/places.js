/* Fields that ask for a division: look places up while typing, show the name of the code. */
(function () {
  "use strict";

  var list = document.getElementById("places");
  var waiting = 0;

  function note(input) {
    return document.querySelector('[data-place="' + input.id + '"]');
  }

  function fill(places) {
    while (list.firstChild) { list.removeChild(list.firstChild); }
    places.forEach(function (place) {
      var option = document.createElement("option");
      option.value = place.code;
      option.textContent = place.name;
      option.label = place.name;
      list.appendChild(option);
    });
  }

  function look(input) {
    var text = input.value.trim();
    if (!text) { return; }
    var address = input.getAttribute("data-find") + "?q=" + encodeURIComponent(text);
    fetch(address, { redirect: "error" }).then(function (answer) {
      return answer.json();
    }).then(function (found) {
      if (input.value.trim() !== text) { return; }
      var exact = found.places.filter(function (place) { return place.code === text; })[0];
      note(input).textContent = exact ? exact.name : "";
      if (found.places.length && !exact) { fill(found.places); }
    }).catch(function () {});
  }

  document.addEventListener("input", function (event) {
    if (event.target.getAttribute("data-type") !== "division" || event.isComposing) { return; }
    window.clearTimeout(waiting);
    waiting = window.setTimeout(function () { look(event.target); }, 150);
  });
}());
