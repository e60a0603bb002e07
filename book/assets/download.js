/* From a folder a browser shows a notebook instead of saving it: there it comes out of a script. */
(function () {
  "use strict";
  if (location.protocol !== "file:") return;

  function save(packed, name) {
    var bytes = Uint8Array.from(atob(packed), function (letter) { return letter.charCodeAt(0); });
    var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    new Response(stream).blob().then(function (blob) {
      var link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
    });
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest ? event.target.closest("a[download]") : null;
    if (!link || new URL(link.href).protocol !== "file:") return;
    event.preventDefault();
    var script = document.createElement("script");
    script.src = link.href + ".js";
    window.courseFile = function (packed) {
      save(packed, decodeURIComponent(link.href.split("/").pop()));
    };
    document.head.append(script);
  });
})();
