/* What a word is, which places have it and in which order, and where it stands in a text.
   Knows of no page: search-view.js draws what is found, search.js lands there. */
window.dlcourseSearch = (function () {
  "use strict";

  /* How much a word counts by where it stands; `exact` is for a query that is the whole of a name. */
  const WEIGHTS = { names: 8, title: 5, page: 2, text: 1, code: 0.5, exact: 12, phrase: 2 };
  const KINDS = new Map([
    ["lesson", 2.2],
    ["term", 0.45],
    ["symbol", 0.7],
    ["code", 0.6],
    ["algorithm", 0.6],
    ["claim", 0.5],
    ["exercise", 0.5],
    ["chapter", 0.5],
    ["page", 0.5],
    ["errata", 0.4],
    ["paper", 0.4],
  ]);
  const LETTERS = new Map(
    (
      "α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu " +
      "ξ xi ο omicron π pi ρ rho ς sigma σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega ∇ nabla ∂ partial"
    )
      .match(/\S \S+/g)
      .map((pair) => pair.split(" ")),
  );
  const IRREGULAR = new Map([
    ["axes", "axis"],
    ["matrices", "matrix"],
    ["maxima", "maximum"],
    ["minima", "minimum"],
    ["optima", "optimum"],
  ]);
  const SMALL = new Set("a an and are do does for how in is it of on or the to what when why with".split(" "));
  const WORD = /\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}\p{M}])+(?:[._'’-]+[\p{L}\p{N}\p{M}]+)*/gu;
  const ASKING = /什么是|是什么|为什么|什么|为何|如何|怎么|怎样/g;
  const COMMON = 60; /* so many of the best are looked at for the whole phrase */
  const EXCERPT = 200;

  /* No accents, no capitals, no TeX: β₁, \beta_1 and \beta_{1} all are beta1. */
  function plain(text) {
    return text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/\\([a-z]+)\{/g, " \\$1 ")
      .replace(/\\(?:var)?([a-z]+)/g, " $1")
      .replace(/[{}$]/g, "")
      .replace(/[α-ω∇∂](?=[a-z])/gu, "$& ")
      .replace(/[α-ω∇∂]/gu, (letter) => " " + LETTERS.get(letter));
  }

  function singular(word) {
    if (IRREGULAR.has(word)) return IRREGULAR.get(word);
    if (word.length < 4 || /(?:ss|us|is)$/.test(word)) return word;
    return word
      .replace(/ies$/, "ys")
      .replace(/(ch|sh|ss|x|z)es$/, "$1s")
      .replace(/s$/, "");
  }

  const BREAK = /[._'’-]+/g;
  const whole = (word) => singular(word.replace(BREAK, ""));

  /* Chinese puts no spaces: each two neighbors count as a word, in texts as in queries. A browser's
     dictionary would cut better, but another browser elsewhere, and a query unlike the text. */
  const HAN = /^\p{Script=Han}/u;
  function pairs(run) {
    const letters = Array.from(run);
    return letters.length > 1 ? letters.slice(1).map((letter, i) => letters[i] + letter) : letters;
  }

  /* A query's words: batch-norm, batch_norm and batchnorm are one. */
  function words(text) {
    return Array.from(plain(text).matchAll(WORD)).flatMap(([word]) => (HAN.test(word) ? pairs(word) : [whole(word)]));
  }

  /* A text's words: a compound is found by its parts, too. A book says the same few words again and again. */
  const split = new Map();
  function tokens(text) {
    return Array.from(plain(text).matchAll(WORD)).flatMap(function ([word]) {
      if (HAN.test(word)) return pairs(word).concat(Array.from(word).slice(-1)); /* no pair begins with the last */
      if (!split.has(word)) {
        const parts = word.split(BREAK).filter((part) => part.length > 1);
        split.set(word, parts.length > 1 ? [whole(word), ...parts.map(singular)] : [whole(word)]);
      }
      return split.get(word);
    });
  }

  const key = (text) => words(text).join(" ");

  let places = [];
  let pages = [];
  let finder;

  function load(index) {
    pages = index.pages.map(([url, title]) => ({ url, title }));
    places = index.places.map(([page, anchor, kind, title, text, names, code, also], id) => ({
      ...{ id, anchor, kind, title, text, names, code, also },
      page: pages[page].title,
      url: pages[page].url,
      keys: new Set([title, ...names].map(key)),
    }));
    finder = new window.MiniSearch({
      fields: ["names", "title", "page", "text", "code"],
      extractField: (place, field) => (field === "names" ? place.names.join(" ") : place[field]),
      tokenize: tokens,
      processTerm: (term) => term,
      searchOptions: {
        tokenize: (query) => query.split(" "),
        prefix: (term) => term.length > 1 || HAN.test(term),
        fuzzy: (term) => (term.length > 4 ? 0.2 : false),
        maxFuzzy: 1,
        weights: { prefix: 0.5, fuzzy: 0.2 },
      },
    });
    return finder.addAllAsync(places, { chunkSize: 250 }); /* a phone goes on answering its keys */
  }

  /* Places for a query, best first, each with the words of its text that were meant. */
  function find(query, weights = WEIGHTS) {
    const asked = query.replace(ASKING, " ");
    const all = words(asked.trim() ? asked : query);
    const content = all.filter((word) => !SMALL.has(word));
    const wanted = (content.length ? content : all).join(" ");
    if (!wanted) return [];
    const { exact, phrase, ...boost } = weights;
    const fields = Object.keys(boost).filter((field) => boost[field] > 0);
    const ask = (terms, combineWith) => finder.search(terms, { boost, fields, combineWith });
    let hits = ask(wanted, "AND");
    if (!hits.length) hits = ask(tokens(query).join(" "), "OR");
    const found = hits.map(function (hit) {
      const place = places[hit.id];
      const named = place.keys.has(all.join(" ")) || place.keys.has(wanted);
      return { place, terms: hit.terms, score: hit.score * KINDS.get(place.kind) * (named ? exact : 1) };
    });
    const byScore = (a, b) => b.score - a.score;
    found.sort(byScore);
    if (wanted.includes(" ")) {
      for (const hit of found.slice(0, COMMON)) {
        if (key(hit.place.title + " " + hit.place.text).includes(wanted)) hit.score *= phrase;
      }
      found.sort(byScore);
    }
    return found;
  }

  /* Where words of a text stand, as [start, end, word]; pairs of Chinese may overlap. */
  function marks(text, terms) {
    const wanted = new Set(terms);
    return Array.from(text.matchAll(WORD)).flatMap(function ({ 0: run, index }) {
      if (!HAN.test(run)) {
        const word = tokens(run).find((token) => wanted.has(token));
        return word === undefined ? [] : [[index, index + run.length, word]];
      }
      let start = index;
      return Array.from(run).flatMap(function (letter, i, letters) {
        const at = start;
        start += letter.length;
        const word = [letter + (letters[i + 1] || ""), letter].find((token) => wanted.has(token));
        return word === undefined ? [] : [[at, at + word.length, word]];
      });
    });
  }

  /* The last place up to `at` where a line may end: behind a space, or before a Chinese sign. */
  const OPEN = /[\s\p{Script=Han}，。；：？！、（「“]/u;
  function gap(text, at) {
    while (at > 0 && !OPEN.test(text[at])) at--;
    return text[at] === " " ? at + 1 : at;
  }

  /* The stretch of a text with most of the words, as [text, whether meant] in order. */
  function excerpt(text, terms) {
    const found = marks(text, terms);
    let best = 0;
    let most = 0;
    found.slice(0, COMMON).forEach(function ([start], i) {
      const close = found.slice(i).filter((mark) => mark[1] < start + EXCERPT * 0.8);
      const count = new Set(close.map((mark) => mark[2])).size;
      if (count > most) [most, best] = [count, start];
    });
    /* From the text's beginning or the sentence's where it is near, else from a word's. */
    const sentence = Math.max(text.lastIndexOf(". ", best - 1) + 2, text.lastIndexOf("。", best - 1) + 1);
    let from = 0;
    if (best > EXCERPT / 2) {
      const near = sentence > 1 && best - sentence < EXCERPT / 2;
      from = near ? sentence : gap(text, best - EXCERPT / 4);
    }
    const cut = from > 0 && from !== sentence;
    let to = from + EXCERPT < text.length ? gap(text, from + EXCERPT) : text.length;
    if (to <= from) to = text.length;
    const parts = [[cut ? "… " : "", false]];
    let at = from;
    for (const [start, end] of found) {
      if (start < from || end <= at || end > to) continue;
      const last = parts[parts.length - 1];
      if (start <= at && last[1]) last[0] += text.slice(at, end); /* the next pair of a Chinese word */
      else parts.push([text.slice(at, start), false], [text.slice(start, end), true]);
      at = end;
    }
    parts.push([text.slice(at, to) + (to < text.length ? " …" : ""), false]);
    return parts.filter(([part]) => part);
  }

  const titleOf = (url) => pages.find((page) => page.url === url)?.title;

  return { WEIGHTS, load, find, marks, excerpt, titleOf };
})();
