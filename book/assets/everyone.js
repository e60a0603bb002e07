/* What is wider than its place scrolls: it can be reached with the keyboard, and fades where it goes on. */
(function () {
  "use strict";

  var say = window.dlcourseSay;
  var FADING = ".figure-box, .explore-frame, span.math, div.math";
  var BOXES = FADING + ", pre, .cell_output .output, .pst-scrollable-table-container";
  var NAMED = ["tabindex", "role", "aria-label"];
  var ours = new WeakSet(); /* boxes that have these from here */
  var due = new Set(); /* boxes to be asked again */
  var waiting;

  function ask(box) {
    return { box: box, left: box.scrollLeft, hidden: box.scrollWidth - box.clientWidth };
  }

  /* In the language of what is in the box: an edition has pages and claims that stay English. */
  function words(box) {
    var told = box.closest("[lang]") === document.documentElement ? say : String;
    if (box.matches(".math")) return told("Formula, scrolls sideways");
    return box.matches(FADING) ? told("Figure, scrolls sideways") : told("Scrolls sideways");
  }

  function fade(asked) {
    if (!asked.box.matches(FADING)) return;
    asked.box.classList.toggle("more-left", asked.hidden > 1 && asked.left > 1);
    asked.box.classList.toggle("more-right", asked.hidden > 1 && asked.left < asked.hidden - 1);
  }

  function mark(asked) {
    var box = asked.box;
    fade(asked);
    if (asked.hidden <= 1) {
      box.classList.remove("scrolls");
      if (ours.delete(box)) NAMED.forEach(function (name) { box.removeAttribute(name); });
      return;
    }
    box.classList.add("scrolls");
    if (box.querySelector("a[href], button, [tabindex]")) return; /* reached through what it holds */
    box.tabIndex = 0;
    if (box.hasAttribute("role")) return;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", words(box));
    ours.add(box);
  }

  /* All questions come before the first answer: between them, each would lay the page out once more. What is
     not laid out yet (course.css) must not be because of a question; it is asked when it is. */
  function markDue() {
    var boxes = Array.from(due).filter(function (box) {
      return !box.checkVisibility || box.checkVisibility({ contentVisibilityAuto: true });
    });
    waiting = null;
    boxes.forEach(function (box) { due.delete(box); }); /* the others stay: they are asked once they are seen */
    boxes.map(ask).forEach(mark);
  }

  function later(boxes) {
    boxes.forEach(function (box) { due.add(box); });
    waiting = waiting || setTimeout(markDue, 50);
  }

  /* A box changes its size with the window, when it is opened, and when it is laid out at last. */
  function follow() {
    var sizes = new ResizeObserver(function (entries) {
      later(entries.map(function (entry) { return entry.target; }));
    });
    var followed = new WeakSet();
    function all() {
      document.querySelectorAll(BOXES).forEach(function (box) {
        if (followed.has(box)) {
          later([box]);
        } else {
          followed.add(box);
          sizes.observe(box); /* which asks it, once it has a size */
        }
      });
    }
    all();
    document.addEventListener("contentvisibilityautostatechange", function () { later([]); }, true);
    document.fonts.addEventListener("loadingdone", all); /* with their fonts formulas are narrower */
    var article = document.querySelector("article");
    if (article) new MutationObserver(all).observe(article, { childList: true, subtree: true });
    document.addEventListener("scroll", function (event) {
      if (event.target.matches && event.target.matches(FADING)) fade(ask(event.target));
    }, true);
  }

  /* Beside the link past the navigation: one past the reading, for who comes back to try things. */
  function leadToFigure() {
    var bar = document.querySelector(".skip-link");
    var live = document.querySelector('.explore, script[type="application/vnd.jupyter.widget-view+json"]');
    var place = live && live.closest(".cell_output");
    if (!bar || !place) return;
    place.id = place.id || "first-figure-to-move";
    var link = document.createElement("a");
    link.href = "#" + place.id;
    link.textContent = say("Skip to the first figure that moves");
    bar.append(link);
  }

  /* What opens a chapter in the side bar is an arrow; it is called after the chapter. */
  function nameArrows() {
    document.querySelectorAll(".bd-sidebar-primary summary").forEach(function (arrow) {
      var chapter = arrow.closest("li").querySelector("a");
      if (chapter) arrow.setAttribute("aria-label", say("Pages of {}", chapter.textContent.trim()));
    });
  }

  window.addEventListener("load", function () {
    leadToFigure();
    nameArrows();
    follow();
  });
})();
