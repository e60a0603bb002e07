/* What the theme and the widget manager leave undone on our pages. No library, nothing fetched. */

/* The theme's icon script replaces every <i> it ever sees, also those that widgets keep hold of. */
window.FontAwesomeConfig = { observeMutations: false };

/* The widget manager typesets labels through the interface of MathJax 2; we serve MathJax 3. */
document.addEventListener("DOMContentLoaded", function () {
  window.MathJax = window.MathJax || {};
  if (!window.MathJax.Hub) {
    window.MathJax.Hub = {
      Queue: function (job) {
        if (job && job[2] && window.MathJax.typesetPromise) {
          window.MathJax.typesetPromise([job[2]]).catch(function () {});
        }
      },
    };
  }
});

(function () {
  "use strict";

  function label(element, text) {
    if (element && text && !element.hasAttribute("aria-label")) element.setAttribute("aria-label", text);
  }

  /* A slider says its name and the value beside it, not the number of its position. */
  function nameSlider(widget) {
    var name = widget.querySelector(".widget-label");
    var handle = widget.querySelector(".noUi-handle");
    var readout = widget.querySelector(".widget-readout");
    if (!name || !handle || handle.hasAttribute("aria-label")) return;
    label(handle, name.textContent);
    if (!readout) return;
    readout.removeAttribute("contenteditable");
    function say() {
      if (handle.getAttribute("aria-valuetext") !== readout.textContent) {
        handle.setAttribute("aria-valuetext", readout.textContent);
      }
    }
    new MutationObserver(say).observe(readout, { childList: true, characterData: true, subtree: true });
    new MutationObserver(say).observe(handle, { attributes: true, attributeFilter: ["aria-valuenow"] });
    say();
  }

  /* What scrolls sideways must be reachable with the keyboard. */
  function reachable() {
    document
      .querySelectorAll("div.math, pre, .cell_output .output, .pst-scrollable-table-container")
      .forEach(function (box) {
        if (box.scrollWidth > box.clientWidth + 1 && !box.querySelector("a, button, [tabindex]")) {
          box.tabIndex = 0;
          if (!box.hasAttribute("role")) {
            box.setAttribute("role", "group");
            label(box, box.classList.contains("math") ? "Formula, scrolls sideways" : "Scrolls sideways");
          }
        }
      });
  }

  /* The visible words of a control must be part of its name, and every part belongs to a landmark. */
  function theme() {
    document.querySelectorAll(".search-button-field, .search-button").forEach(function (button) {
      var words = button.textContent.replace(/\s+/g, " ").trim();
      if (words) button.setAttribute("aria-label", words);
    });
    /* The icon script, whenever it comes, gives each icon a title; the button has a name already. */
    document.querySelectorAll(".theme-switch-button").forEach(function (button) {
      function untitle() {
        button.querySelectorAll("svg title").forEach(function (title) {
          var icon = title.parentNode;
          title.remove();
          icon.removeAttribute("role");
          icon.removeAttribute("aria-labelledby");
          icon.setAttribute("aria-hidden", "true");
        });
      }
      new MutationObserver(untitle).observe(button, { childList: true, subtree: true });
      untitle();
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

  function settle() {
    document.querySelectorAll(".widget-slider, .widget-hslider").forEach(nameSlider);
    reachable();
  }

  window.addEventListener("load", function () {
    theme();
    heads();
    settle();
    var waiting;
    function later() {
      clearTimeout(waiting);
      waiting = setTimeout(settle, 100);
    }
    var article = document.querySelector("article");
    if (article) new MutationObserver(later).observe(article, { childList: true, subtree: true });
    window.addEventListener("resize", later);
  });
})();
