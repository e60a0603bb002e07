/* What is wider than its place scrolls: it can be reached with the keyboard, and fades where it goes on. */
(function () {
  "use strict";

  var BOXES = ".figure-box, .explore-frame, span.math, div.math";

  function mark(box) {
    var hidden = box.scrollWidth - box.clientWidth;
    box.classList.toggle("more-left", hidden > 1 && box.scrollLeft > 1);
    box.classList.toggle("more-right", hidden > 1 && box.scrollLeft < hidden - 1);
    if (hidden <= 1) {
      if (box.classList.replace("scrolls", "fits")) box.removeAttribute("tabindex");
      return;
    }
    box.classList.add("scrolls");
    if (box.querySelector("a[href], button, [tabindex]")) return; /* reached through what it holds */
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", (box.matches(".math") ? "Formula" : "Figure") + ", scrolls sideways");
  }

  function markAll() {
    document.querySelectorAll(BOXES).forEach(mark);
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
    link.textContent = "Skip to the first figure that moves";
    bar.append(link);
  }

  /* What opens a chapter in the side bar is an arrow; it is called after the chapter. */
  function nameArrows() {
    document.querySelectorAll(".bd-sidebar-primary summary").forEach(function (arrow) {
      var chapter = arrow.closest("li").querySelector("a");
      if (chapter) arrow.setAttribute("aria-label", "Pages of " + chapter.textContent.trim());
    });
  }

  window.addEventListener("load", function () {
    leadToFigure();
    nameArrows();
    var waiting;
    function later() {
      clearTimeout(waiting);
      waiting = setTimeout(markAll, 100);
    }
    markAll();
    document.fonts.addEventListener("loadingdone", markAll); /* with their fonts formulas are narrower */
    document.addEventListener("scroll", function (event) {
      if (event.target.matches && event.target.matches(BOXES)) mark(event.target);
    }, true);
    window.addEventListener("resize", later);
    var article = document.querySelector("article");
    if (article) new MutationObserver(later).observe(article, { childList: true, subtree: true });
  });
})();
