/* In a page of the site, as its reader sees it: its article as a chapter of the one printed page. */
({ prefix, part, chapters }) => {
  const article = document.querySelector("article.bd-article");
  const all = (selector) => Array.from(article.querySelectorAll(selector));
  const here = new URL(location.href);

  all(".headerlink").forEach((link) => link.remove());
  const heading = article.querySelector("h1");
  const title = heading.textContent.trim();
  if (title === part) heading.remove(); /* it stands above already, as the part's own */

  /* An explorer shows one frame, the one that it opens with. */
  for (const figure of all(".explore")) {
    const seen = Array.from(figure.querySelectorAll(".explore-frame")).find(
      (frame) => frame.querySelector("svg") && frame.getClientRects().length,
    );
    figure.replaceChildren(...(seen ? [seen.cloneNode(true)] : []));
  }
  /* Figures of two pages may name their parts alike, as each does in a page of its own. */
  all("svg").forEach((svg, i) => {
    const names = /(\sid="|url\((?:&quot;)?#|href="#)/g;
    svg.outerHTML = svg.outerHTML.replace(names, `$1${prefix}-${i}-`);
  });
  /* Verdicts are read where the cell that gives them is hidden, too. */
  for (const hidden of all("details.hide")) {
    const said = Array.from(hidden.querySelectorAll(".claim, .claims-also"));
    hidden.replaceWith(...said.filter((one) => !one.parentElement.closest(".claim, .claims-also")));
  }
  all(".ledger-filter, button, script, style:not(svg *), input, select").forEach((element) => element.remove());

  /* Most words of code look like the text around them, black: as text they print sooner. */
  const looks = new Map();
  function looksPlain(word) {
    if (!looks.has(word.className)) {
      const { color, fontWeight, fontStyle, borderStyle } = getComputedStyle(word);
      const dark = color.startsWith("rgb(") && color.match(/\d+/g).every((part) => part < 60);
      looks.set(word.className, dark && fontWeight === "400" && fontStyle === "normal" && borderStyle === "none");
    }
    return looks.get(word.className);
  }
  all(".highlight pre span:not([id])").filter(looksPlain).forEach((word) => word.replaceWith(...word.childNodes));
  all(".highlight pre").forEach((code) => code.normalize());

  /* Answers are not read by accident: they move to the end, a link stays. */
  const folded = all("details:not(.claim-how, .claims-also), .admonition.dropdown");
  if (folded.length) {
    const end = document.createElement("section");
    end.innerHTML = "<h2>Answers</h2>";
    folded.forEach((answer, i) => {
      const head = answer.querySelector("summary, .admonition-title");
      const title = head.textContent.trim();
      const link = document.createElement("p");
      link.className = "to-answer";
      link.innerHTML = `<a id="asked-${i}" href="#answer-${i}"></a>`;
      link.firstChild.textContent = `${title}: answer ${i + 1}, at the end of this section`;
      const heading = document.createElement("h3");
      heading.id = `answer-${i}`;
      heading.innerHTML = `<a href="#asked-${i}"></a>`;
      heading.firstChild.textContent = `${i + 1}. ${title}`;
      answer.replaceWith(link);
      head.remove();
      const body = document.createElement("div");
      body.append(...answer.childNodes);
      end.append(heading, body);
    });
    article.append(end);
  }
  all("details").forEach((details) => (details.open = true));

  for (const link of all("a[href]")) {
    const to = new URL(link.getAttribute("href"), here);
    const page = decodeURIComponent(to.href.split("#")[0]);
    if (to.protocol.startsWith("http")) continue;
    if (page === decodeURIComponent(here.href.split("#")[0])) {
      link.setAttribute("href", "#" + prefix + (to.hash ? "--" + decodeURIComponent(to.hash.slice(1)) : ""));
    } else if (chapters[page]) {
      const place = to.hash ? "--" + decodeURIComponent(to.hash.slice(1)) : "";
      link.setAttribute("href", "#" + chapters[page] + place);
    } else {
      link.replaceWith(...link.childNodes); /* a file of the site: a download */
    }
  }
  for (const image of all("img")) {
    image.src = image.src; /* in full */
    image.loading = "eager";
  }
  for (const element of all("[id]:not(svg *)")) element.id = `${prefix}--${element.id}`;

  /* A page's title is a heading of the second rank: parts of the book have the first. */
  for (let rank = 5; rank > 0; rank--) {
    for (const old of all("h" + rank)) {
      const heading = document.createElement("h" + (rank + 1));
      heading.id = old.id;
      heading.className = old.className;
      heading.append(...old.childNodes);
      old.replaceWith(heading);
    }
  }
  return { title, text: article.innerHTML };
};
