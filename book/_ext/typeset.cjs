/* Typesets formulas for dlcourse_formulas.py: a JSON line in, a JSON line out, until the input ends. */
"use strict";

const readline = require("node:readline");
const mathjax = require(process.argv[2]); /* the folder of the package */

async function main() {
  const MathJax = await mathjax.init({
    loader: { load: ["input/tex", "output/chtml", "a11y/assistive-mml"] },
    startup: { typeset: false },
    /* What TeX does not know is an error of the build, not red text for the reader. */
    tex: { packages: { "[-]": ["noerrors", "noundefined"] } },
    chtml: { fontURL: process.argv[3], adaptiveCSS: false },
  });
  const adaptor = MathJax.startup.adaptor;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    let answer;
    if (asked.stylesheet) {
      answer = { css: adaptor.textContent(MathJax.chtmlStylesheet()) };
    } else {
      const html = adaptor.outerHTML(await MathJax.tex2chtmlPromise(asked.tex, { display: asked.display }));
      const error = /data-mjx-error="([^"]*)"/.exec(html);
      answer = error ? { error: error[1] } : { html };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
}

main();
