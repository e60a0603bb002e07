/* What the theme leaves undone on our pages, and what scripts say on them. No library, nothing fetched. */

(function () {
  "use strict";

  /* What an edition in another language says instead; {} are the numbers and names in it. */
  window.dlcourseSay = say;
  function say(english, ...values) {
    const said = (window.dlcourseWords || {})[english] || english;
    return values.reduce((text, value) => text.replace("{}", () => value), said);
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
    var side = document.querySelector(".bd-sidebar-primary");
    if (side && !side.hasAttribute("role")) {
      side.setAttribute("role", "complementary");
      side.setAttribute("aria-label", say("Book"));
    }
  }

  window.addEventListener("load", theme);
})();
