/* On every page: opens the search, loads it when it is asked for, and shows what was found on arrival.
   Works from a folder, where nothing can be fetched: the index is a script. */
(function () {
  "use strict";

  const say = window.dlcourseSay;
  const assets = document.documentElement.dataset.content_root + "_static/";
  const INDEX = ["vendor/minisearch/minisearch.js", "search-engine.js", "search-index.js", "search-view.js"];
  const loading = new Map();

  function load(file) {
    if (!loading.has(file)) {
      const done = new Promise(function (resolve, reject) {
        const script = document.createElement("script");
        script.src = assets + file;
        script.async = false; /* in the order in which they are asked for */
        script.onload = resolve;
        script.onerror = () => reject(new Error(say("{} could not be loaded", file)));
        document.head.append(script);
      });
      loading.set(file, done);
    }
    return loading.get(file);
  }

  let ready;
  function engine() {
    ready = ready || Promise.all(INDEX.map(load)).then(() => window.dlcourseSearch.load(window.dlcourseIndex));
    return ready;
  }

  /* The list below a field, as soon as the index is there. */
  function attach(form, box, limit, follow) {
    box.textContent = say("Loading the index …");
    engine().then(
      () => window.dlcourseSearch.attach(form, box, limit, follow),
      (error) => (box.textContent = error.message),
    );
  }

  /* The search page: its address says what is asked. */
  function searchPage(form, box) {
    const field = form.querySelector("input");
    field.value = new URLSearchParams(location.search).get("q") || "";
    field.focus();
    attach(form, box, 40, function (query) {
      const state = query ? "?" + new URLSearchParams({ q: query }) : "";
      history.replaceState(history.state, "", location.pathname + state);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /* The field that opens on any other page; Enter in it leads to the search page. */
  function dialog(form) {
    const field = form.querySelector("input");
    const box = document.createElement("div");
    box.className = "search-box";
    form.after(box);
    field.addEventListener("focus", () => attach(form, box, 8, () => {}), { once: true });
    form.addEventListener("submit", function (event) {
      if (!field.value.trim()) event.preventDefault();
    });
  }

  /* The theme opens with Ctrl-K; a slash does the same wherever nobody is writing. */
  function slash(event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    const field = document.querySelector("#search-results") && document.querySelector(".bd-search-container input");
    if (field) field.focus();
    else document.querySelector(".search-button__button").click();
  }

  /* What belongs to an address: a row, a claim, or the section. */
  function around(target) {
    return target.closest("tr, .claim, .citation") || target.closest("section") || target;
  }

  function ranges(area, terms) {
    const texts = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
      const text = texts.currentNode;
      if (text.parentElement.closest("script, style, mjx-container, svg, .headerlink")) continue;
      for (const [start, end] of window.dlcourseSearch.marks(text.data, terms)) {
        const range = new Range();
        range.setStart(text, start);
        range.setEnd(text, end);
        found.push(range);
      }
    }
    return found;
  }

  /* Mark the words that led here without touching the page, and see that one of them is in sight. */
  function show(target, terms) {
    const area = around(target);
    const marked = ranges(area, terms);
    CSS.highlights.set("search-words", new Highlight(...marked));
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape") CSS.highlights.delete("search-words");
    });
    const first = marked.find(
      (range) => range.getClientRects().length && range.comparePoint(target, 0) <= 0,
    );
    if (!first) return;
    const { left, top, height } = first.getBoundingClientRect();
    const onTop = document.elementFromPoint(left + 1, top + height / 2); /* or what covers it */
    if (!area.contains(onTop)) first.startContainer.parentElement.scrollIntoView({ block: "center" });
  }

  function arrive() {
    const url = new URL(location.href);
    const words = url.searchParams.get("words");
    if (!words) return;
    const target = document.getElementById(decodeURIComponent(url.hash.slice(1)));
    url.searchParams.delete("words");
    history.replaceState(history.state, "", url);
    if (!target || !CSS.highlights) return;
    const loaded = new Promise((resolve) => window.addEventListener("load", resolve));
    Promise.all([load("search-engine.js"), loaded]).then(() => show(target, words.split(" ")));
  }

  const results = document.getElementById("search-results");
  if (results) searchPage(document.querySelector(".bd-search-container form"), results);
  else dialog(document.querySelector("#pst-search-dialog form"));
  document.addEventListener("keydown", slash);
  arrive();
})();
