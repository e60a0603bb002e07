/* Explorers: native controls choose one of the stored frames, which come when the reader comes near. */
(function () {
  "use strict";

  var waiting = {}; /* key of a file of frames: what to do with them once they are here */

  window.exploreFrames = function (key, data) {
    var lines = data[0];
    var frames = data[1].map(function (numbers) {
      return numbers.map(function (number) { return lines[number]; }).join("\n");
    });
    (waiting[key] || []).forEach(function (use) { use(frames); });
    delete waiting[key];
  };

  function fetchFrames(figure, use) {
    var key = figure.dataset.key;
    if (waiting[key]) {
      waiting[key].push(use);
      return;
    }
    waiting[key] = [use];
    var script = document.createElement("script");
    script.src = document.documentElement.dataset.content_root + figure.dataset.frames;
    script.onerror = function () { delete waiting[key]; }; /* the next move tries again */
    document.head.append(script);
  }

  function begin(figure) {
    var controls = Array.from(figure.querySelectorAll(".explore-control"));
    var frame = figure.querySelector(".explore-frame");
    var frames = null;
    var shown = null;

    function count(control) {
      var range = control.querySelector("input[type=range]");
      return range ? Number(range.max) + 1 : control.querySelectorAll("input").length;
    }

    function chosen(control) {
      return Number(control.querySelector("input[type=range], input:checked").value);
    }

    function number() {
      return controls.reduce(function (sum, control) {
        return sum * count(control) + chosen(control);
      }, 0);
    }

    function show() {
      if (!frames || shown === number()) return;
      shown = number();
      var box = document.createElement("div");
      box.innerHTML = frames[shown];
      frame.replaceChildren.apply(frame, box.firstElementChild.childNodes);
    }

    function load() {
      if (frames) return;
      fetchFrames(figure, function (result) {
        frames = result;
        show();
      });
    }

    figure.addEventListener("input", function (event) {
      var range = event.target;
      if (range.type === "range") {
        var text = JSON.parse(range.dataset.labels)[range.value];
        range.setAttribute("aria-valuetext", text);
        range.parentNode.querySelector("output").textContent = text;
      }
      load();
      show();
    });
    figure.querySelector("fieldset").disabled = false;
    /* A browser that comes back to a page may bring the reader's choices with it. */
    figure.querySelectorAll("input").forEach(function (input) {
      var moved = input.type === "range" ? input.value !== input.defaultValue : input.checked && !input.defaultChecked;
      if (moved) input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    new IntersectionObserver(function (seen, observer) {
      if (!seen.some(function (entry) { return entry.isIntersecting; })) return;
      observer.disconnect();
      load();
    }, { rootMargin: "100% 0px" }).observe(figure);
  }

  document.querySelectorAll(".explore").forEach(begin);
})();
