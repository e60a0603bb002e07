/* A field and what it finds: the list below it, drawn while one types; arrows walk it, Enter follows. */
(function () {
  "use strict";

  const engine = window.dlcourseSearch;
  const say = window.dlcourseSay;
  const root = document.documentElement.dataset.content_root;
  /* Where a place is on a page of its own name, the name says enough. */
  const KINDS = new Map([
    ["lesson", say("Lesson")],
    ["exercise", say("Exercise")],
    ["chapter", say("Chapter in short")],
  ]);
  const PAUSE = 80; /* ms without a key until the list follows */

  function element(name, css, ...children) {
    const made = document.createElement(name);
    if (css) made.className = css;
    made.append(...children);
    return made;
  }

  /* The words that were meant travel with the link; search.js shows them there. */
  function address(url, anchor, terms) {
    return root + url + "?words=" + encodeURIComponent(terms.join(" ")) + "#" + anchor;
  }

  function where(place) {
    const chapter = /^(?:lessons|exercises)\/(\d)-/.exec(place.url);
    const page = place.page !== place.title && place.page;
    const parts = [chapter && say("Chapter {}", chapter[1]), KINDS.get(place.kind), page];
    return parts.filter(Boolean).join(" · ");
  }

  function item({ place, terms }) {
    const link = element("a", "search-title", place.title);
    link.href = address(place.url, place.anchor, terms);
    const text = element("p", "search-excerpt");
    for (const [part, meant] of engine.excerpt(place.text, terms)) {
      text.append(meant ? element("mark", "", part) : part);
    }
    const made = element("li", "search-hit", link, element("p", "search-where", where(place)), text);
    if (place.also) {
      const [url, anchor] = place.also.split("#");
      const lesson = element("a", "search-also", say("Run in “{}”", engine.titleOf(url)));
      lesson.href = address(url, anchor, terms);
      made.append(element("p", "", lesson));
    }
    return made;
  }

  /* Up and down go from the field through the titles; a letter typed there goes on with the query. */
  function walk(event, field, list) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const stops = [field, ...list.querySelectorAll("a")];
    const next = stops[stops.indexOf(document.activeElement) + step];
    event.preventDefault();
    if (next) next.focus();
  }

  /* Make a form search as one types; `box` gets the list, `limit` is how much of it, `follow` the query. */
  function attach(form, box, limit, follow) {
    const field = form.querySelector("input");
    const status = element("p", "search-status");
    status.setAttribute("role", "status");
    const list = element("ol", "search-list");
    box.replaceChildren(status, list);

    function show() {
      const query = field.value.trim();
      const found = engine.find(query);
      const some = found.slice(0, limit);
      list.replaceChildren(...some.map(item));
      if (!query) status.textContent = "";
      else if (!found.length) status.textContent = say("Nothing is called so. Try one word, a symbol or a claim’s id.");
      else if (found.length > some.length) status.textContent = say("{} of {} places, best first", some.length, found.length);
      else status.textContent = found.length === 1 ? say("1 place") : say("{} places", found.length);
      follow(query);
    }

    let waiting;
    field.addEventListener("input", function () {
      clearTimeout(waiting);
      waiting = setTimeout(show, PAUSE);
    });
    for (const part of [form, box]) part.addEventListener("keydown", (event) => walk(event, field, list));
    show();
  }

  window.dlcourseSearch.attach = attach;
})();
