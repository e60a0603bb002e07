/* The ledger's filter: by verdict, kind, chapter and words. No library, nothing fetched; its state is
   kept behind the #, which works from a folder as well. */
(function () {
  "use strict";

  var FIELDS = ["verdict", "kind", "chapter"];

  function normal(text) {
    return text.toLowerCase().replace(/\s+/g, " ").trim();
  }

  function read(table) {
    return Array.from(table.querySelectorAll("tbody tr"), function (row) {
      var anchor = row.querySelector("a[id]");
      return {
        element: row,
        id: anchor.id,
        verdict: row.querySelector(".claim-badge").textContent.trim(),
        kind: anchor.dataset.kind,
        chapter: anchor.dataset.chapter,
      };
    });
  }

  /* Read when somebody asks for words, not while the page is being opened. */
  function says(row, wanted) {
    if (!wanted) return true;
    row.words = row.words || normal(row.element.textContent);
    return row.words.includes(wanted);
  }

  function select(name, values, change) {
    var label = document.createElement("label");
    var field = document.createElement("select");
    label.textContent = name[0].toUpperCase() + name.slice(1) + " ";
    field.name = name;
    ["", ...values].forEach(function (value) {
      var option = document.createElement("option");
      option.value = value;
      option.textContent = value || "all";
      field.append(option);
    });
    field.addEventListener("change", change);
    label.append(field);
    return label;
  }

  function begin() {
    var sections = Array.from(document.querySelectorAll("table.claims"), function (table) {
      return { box: table.closest("section"), rows: read(table) };
    });
    var rows = sections.flatMap(function (section) {
      return section.rows;
    });
    if (!rows.length) return;

    var form = document.createElement("form");
    form.className = "ledger-filter";
    form.setAttribute("role", "search");
    form.setAttribute("aria-label", "Filter the claims");
    FIELDS.forEach(function (name) {
      var values = Array.from(new Set(rows.map((row) => row[name])));
      form.append(select(name, name === "chapter" ? values : values.sort(), narrow));
    });
    var label = document.createElement("label");
    var words = document.createElement("input");
    words.type = "search";
    words.name = "words";
    words.placeholder = "id or words";
    words.addEventListener("input", narrow);
    label.append("Words ", words);
    var count = document.createElement("output");
    var all = document.createElement("button");
    all.type = "reset";
    all.textContent = "Show all";
    form.append(label, all, count);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(narrow));
    sections[0].box.before(form);

    function show() {
      var wanted = normal(words.value);
      var shown = 0;
      sections.forEach(function (section) {
        var any = false;
        section.rows.forEach(function (row) {
          var fits =
            says(row, wanted) &&
            FIELDS.every((name) => !form.elements[name].value || form.elements[name].value === row[name]);
          row.element.hidden = !fits;
          any = any || fits;
          shown += fits;
        });
        section.box.hidden = !any;
      });
      count.textContent = shown + " of " + rows.length + " claims";
    }

    function narrow() {
      var state = new URLSearchParams();
      [...FIELDS, "words"].forEach(function (name) {
        if (form.elements[name].value) state.set(name, form.elements[name].value);
      });
      show();
      history.replaceState(null, "", "#" + state);
    }

    /* "#verdict=fails&words=adam" sets the filter; "#opt.adam.bias" goes to its row, filter or not. */
    function arrive() {
      var hash = decodeURIComponent(location.hash.slice(1));
      if (hash.includes("=")) {
        var state = new URLSearchParams(hash);
        [...FIELDS, "words"].forEach(function (name) {
          form.elements[name].value = state.get(name) || "";
        });
      } else if (rows.some((row) => row.id === hash)) {
        [...FIELDS, "words"].forEach((name) => (form.elements[name].value = "")); /* and the address stays */
      }
      show();
      var target = document.getElementById(hash);
      if (target) target.scrollIntoView();
    }

    window.addEventListener("hashchange", arrive);
    arrive();
  }

  document.addEventListener("DOMContentLoaded", begin);
})();
