/* What the theme leaves undone on our pages. No library, nothing fetched. */

(function () {
  "use strict";

  function label(element, text) {
    if (element && text && !element.hasAttribute("aria-label")) element.setAttribute("aria-label", text);
  }

  /* What scrolls sideways must be reachable with the keyboard. */
  var ours = new Set();
  function reachable() {
    document
      .querySelectorAll("div.math, pre, .cell_output .output, .pst-scrollable-table-container")
      .forEach(function (box) {
        /* What is not laid out yet (course.css) must not be because of this question. */
        if (box.checkVisibility && !box.checkVisibility({ contentVisibilityAuto: true })) return;
        var wide = box.scrollWidth > box.clientWidth + 1;
        if (wide && !box.querySelector("a, button, [tabindex]")) {
          box.tabIndex = 0;
          if (!box.hasAttribute("role")) {
            box.setAttribute("role", "group");
            label(box, box.classList.contains("math") ? "Formula, scrolls sideways" : "Scrolls sideways");
            ours.add(box);
          }
        } else if (!wide && ours.delete(box)) {
          /* It was wide before its fonts came, or in a narrower window. */
          ["tabindex", "role", "aria-label"].forEach(function (name) { box.removeAttribute(name); });
        }
      });
  }

  /* The visible words of a control must be part of its name, and every part belongs to a landmark. */
  function theme() {
    document.querySelectorAll(".search-button-field, .search-button").forEach(function (button) {
      var words = button.textContent.replace(/\s+/g, " ").trim();
      if (words) button.setAttribute("aria-label", words);
    });
    document.querySelectorAll("summary[aria-label]").forEach(function (summary) {
      summary.removeAttribute("aria-label");
    });
    document.querySelectorAll(".bd-links summary").forEach(function (summary) {
      label(summary, summary.closest("li").querySelector("a").textContent + ": pages");
    });
    var side = document.querySelector(".bd-sidebar-primary");
    if (side && !side.hasAttribute("role")) {
      side.setAttribute("role", "complementary");
      side.setAttribute("aria-label", "Book");
    }
  }

  /* On a narrow screen a row becomes a card, and each cell repeats the head of its column. */
  function heads() {
    document.querySelectorAll("table.cards").forEach(function (table) {
      var names = Array.from(table.querySelectorAll("thead th"), function (th) {
        return th.textContent.trim();
      });
      table.querySelectorAll("tbody tr").forEach(function (row) {
        Array.from(row.cells).forEach(function (cell, i) {
          if (i > 0) cell.setAttribute("data-head", names[i]);
          if (cell.textContent.trim() === "—") cell.classList.add("empty");
        });
      });
    });
  }

  document.addEventListener("DOMContentLoaded", heads); /* before the page is seen: cards are taller */
  window.addEventListener("load", function () {
    theme();
    reachable();
    var waiting;
    function later() {
      clearTimeout(waiting);
      waiting = setTimeout(reachable, 100);
    }
    var article = document.querySelector("article");
    if (article) new MutationObserver(later).observe(article, { childList: true, subtree: true });
    document.fonts.addEventListener("loadingdone", later);
    window.addEventListener("resize", later);
    document.addEventListener("contentvisibilityautostatechange", later);
  });
})();
