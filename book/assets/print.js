/* Paper is light: a page that is read in the dark turns for the time of printing. */
(function () {
  "use strict";

  var theme;
  window.addEventListener("beforeprint", function () {
    theme = document.documentElement.dataset.theme;
    if (theme) document.documentElement.dataset.theme = "light";
  });
  window.addEventListener("afterprint", function () {
    if (theme) document.documentElement.dataset.theme = theme;
  });
})();
