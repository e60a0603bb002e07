"""What a browser can find wrong with a page, as a list of sentences: empty where nothing is."""

import contextlib
import functools
import http.server
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as WaitedTooLong
from playwright.sync_api import sync_playwright
from tools_available import need

ASSETS = Path(__file__).parents[1] / "book" / "assets"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).resolve().parents[1] / "node_modules" / "axe-core" / "axe.min.js"
LOCAL = ("file:", "data:", "blob:", "about:")
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 812}


def scripts():
    """everyone.js for a page of a test, and course.js, by which it speaks."""
    return "".join((ASSETS / name).read_text("utf-8") for name in ("course.js", "everyone.js"))


@pytest.fixture(scope="module")
def chromium():
    """A browser without a window; a test module has it by ``chromium = browser.chromium``."""
    path = need("chromium")
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serve(folder):
    """The folder on a loopback port of the system's choice; yields its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def visit(browser, url, viewport=DESK, dark=False):
    """A settled page; ``page.noise`` lists what it asked of other hosts and what went wrong."""
    context = browser.new_context(
        viewport=viewport, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    context.add_init_script(SHIFTS)
    page = context.new_page()
    page.noise = []
    here = "/".join(url.split("/")[:3])

    def keep_inside(route):
        address = route.request.url
        if address.startswith((here, *LOCAL)):
            route.continue_()
        else:
            page.noise.append(f"asks another host: {address}")
            route.abort()

    def console(message):
        if message.type == "error":
            page.noise.append(f"console error: {message.text}")

    context.route("**/*", keep_inside)
    page.on("console", console)
    page.on("pageerror", lambda error: page.noise.append(f"page error: {error}"))
    page.on("requestfailed", lambda request: page.noise.append(f"not loaded: {request.url}"))
    try:
        page.goto(url, wait_until="load")
        settle(page)
        yield page
    finally:
        context.close()


def turn(page, viewport, dark):
    """The page as it is after its window has changed in size and its reader in taste."""
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page.evaluate(QUIET)
    said, wanted = "document.documentElement.dataset.theme", "dark" if dark else "light"
    try:
        page.wait_for_function(f"[undefined, '{wanted}'].includes({said})", timeout=5_000)
    except WaitedTooLong:
        page.noise.append(f"the page stays {page.evaluate(said)}")


def settle(page):
    """Wait for fonts, explorers, and what everyone.js says of all that scrolls."""
    page.evaluate("document.fonts.ready.then(() => null)")
    page.wait_for_selector(".explore fieldset:disabled", state="detached", timeout=20_000)
    page.evaluate(QUIET)


# By the page's own clock, which is slow where the machine is busy: two frames, in which sizes are
# observed, and the delay after which they are acted on.
QUIET = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>
  setTimeout(done, 250))))"""


def formulas(page):
    """Formulas not typeset or without their glyphs, and TeX that reached the reader as text."""
    return page.evaluate(
        r"""() => {
          const found = [];
          for (const box of document.querySelectorAll("span.math, div.math")) {
            if (!box.querySelector("mjx-container")) found.push("not typeset: " + box.textContent);
            if (box.querySelector("mjx-merror")) found.push("wrong TeX: " + box.textContent);
          }
          const glyphs = new Map();
          document.querySelectorAll("mjx-c").forEach(glyph => glyphs.set(glyph.className, glyph));
          for (const [name, glyph] of glyphs)
            if (getComputedStyle(glyph, "::before").content === "none" && glyph.offsetParent)
              found.push("glyph without a form: " + name);
          const prose = document.body.cloneNode(true);
          const others = "pre, code, script, style, mjx-container";
          prose.querySelectorAll(others).forEach(x => x.remove());
          const raw = prose.textContent.match(/\$\$|\\[a-zA-Z]{2,}[^ ]*|\\\(/);
          if (raw) found.push("raw TeX in the text: " + raw[0]);
          return found;
        }"""
    )


def head(page):
    """Language, title and description; alternative text of pictures."""
    return page.evaluate(
        """() => {
          const found = [];
          const meta = document.querySelector('meta[name="description"]');
          if (!document.documentElement.lang) found.push("no language");
          if (!document.title.trim()) found.push("no title");
          if (!meta || meta.content.trim().length < 10) found.push("no description");
          for (const image of document.querySelectorAll("img"))
            if (!image.hasAttribute("alt") || (image.closest("article") && !image.alt.trim()))
              found.push("image without alt: " + image.src.slice(-60));
          for (const picture of document.querySelectorAll('article svg[viewBox]'))
            if (!picture.closest("a, button, [aria-hidden], .jupyter-widgets-disconnected")
                && !picture.getAttribute("aria-label"))
              found.push("picture without words: " + picture.outerHTML.slice(0, 80));
          return found;
        }"""
    )


def barriers(page):
    """What axe finds, all of its rules.

    To judge contrast is most of the work, so of the texts that look alike a few are asked about.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(BARRIERS)


# Alike: visible, in the same ink, size and weight, on the same ground: below ancestors of the same
# backgrounds. What is moved or drawn over lies on other things than its ancestors, and is like
# nothing else. Where axe cannot decide about those few, all that it can judge are asked about.
BARRIERS = r"""async () => {
  const FEW = 3, CLEAR = "rgba(0, 0, 0, 0),none,1,none";
  const grounds = new Map(), looks = new Map();
  const placed = style => style.position === "relative"
    ? [style.top, style.left].some(offset => parseFloat(offset)) : style.position !== "static";
  const moved = style => placed(style) || style.transform !== "none"
    || [style.marginTop, style.marginBottom, style.marginLeft, style.marginRight].some(
      margin => parseFloat(margin) < 0);
  const ground = element => {
    if (!element) return "";
    if (!grounds.has(element)) {
      const style = getComputedStyle(element);
      const {backgroundColor, backgroundImage, opacity, filter} = style;
      const own = [backgroundColor, backgroundImage, opacity, filter].join();
      grounds.set(element, ground(element.parentElement) + (own === CLEAR ? "" : `|${own}`)
        + (moved(style) ? `#${grounds.size}` : ""));
    }
    return grounds.get(element);
  };
  for (const element of document.body.querySelectorAll("*")) {
    const words = [...element.childNodes].map(x => x.nodeType === 3 ? x.data.trim() : "").join("");
    if (!words || !element.checkVisibility({checkVisibilityCSS: true})) continue;
    if (element.closest("mjx-assistive-mml")) continue;  // read out, not seen
    const {color, fontSize, fontWeight, textShadow} = getComputedStyle(element);
    const look = [color, fontSize, fontWeight, textShadow, ground(element)].join();
    looks.set(look, [...looks.get(look) ?? [], element]);
  }
  // Axe does not judge letters that stand alone, signs, and what is written on a drawing.
  const tells = element => /[\p{L}\p{N}]/u.test(element.textContent)
    && element.textContent.trim().length > 1 && !element.closest("svg");
  const asked = (elements, ...rules) => {
    document.querySelectorAll("[data-look]").forEach(one => one.removeAttribute("data-look"));
    elements.forEach(one => one.setAttribute("data-look", ""));
    axe.configure({rules: [
      {id: "color-contrast", selector: "[data-look], input, select, textarea"},
      {id: "avoid-inline-spacing", selector: "[style*='!important']"},  // of others it says nothing
    ]});
    return axe.run(document, {preload: false, elementRef: true, selectors: false,
      resultTypes: ["violations", "passes"], ...(rules.length ? {runOnly: rules} : {})});
  };
  const said = result => result.violations.flatMap(rule => rule.nodes.map(node =>
    `axe ${rule.id}: ${node.html.slice(0, 160)} (${node.failureSummary.slice(0, 200)})`));
  for (const all of looks.values()) all.sort((one, other) => tells(other) - tells(one));
  const first = await asked([...looks.values()].flatMap(all => all.slice(0, FEW)));
  const decided = new Set([...first.passes, ...first.violations]
    .filter(rule => rule.id === "color-contrast")
    .flatMap(rule => rule.nodes.map(node => node.element)));
  const open = [...looks.values()].filter(all => !all.slice(0, FEW).some(one => decided.has(one)))
    .flatMap(all => all.slice(FEW).filter(tells));
  if (!open.length) return said(first);
  const rest = await asked(open, "color-contrast");
  return [...said(first), ...said(rest)];
}"""


def overflow(page):
    """Whether the page is wider than its window, and the first element that makes it so."""
    return page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width
              && document.body.scrollWidth <= width) return [];
          const wide = Array.from(document.querySelectorAll("body *")).find(
            e => e.getBoundingClientRect().right > width + 1 && e.offsetParent);
          return ["wider than the window: " + (wide ? wide.outerHTML.slice(0, 120) : "body")];
        }"""
    )


def stuck_figures(page):
    """Interactive figures whose picture stays the same when a control is moved by the keyboard."""
    found = []
    for figure in page.query_selector_all(".explore"):
        for control in figure.query_selector_all("input[type=range], input:checked"):
            control.scroll_into_view_if_needed()
            control.focus()
            before = seen(figure)
            at_end = "e => e.type === 'range' && e.value === e.max"  # among names, right goes round
            page.keyboard.press("ArrowLeft" if control.evaluate(at_end) else "ArrowRight")
            if not comes(page, lambda figure=figure, before=before: seen(figure) != before):
                found.append(f"control {control.evaluate(NAME)} changes nothing")
    return found


NAME = """e => e.type === "range" ? e.labels[0].textContent
    : e.closest("[role=radiogroup]").firstElementChild.textContent"""


def comes(page, true, patience=2.0):
    """Whether something is true within some seconds: the frames may still be on their way."""
    for _ in range(round(patience / 0.1)):
        page.wait_for_timeout(100)
        if true():
            return True
    return False


SHIFTS = """window.layoutShift = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  if (!entry.hadRecentInput) window.layoutShift += entry.value;
})).observe({type: "layout-shift", buffered: true});"""


def shifts(page, limit=0.05):
    """Whether the page moved under its reader while it was loading; measured since its start."""
    value = page.evaluate("window.layoutShift")
    return [f"moves while it loads: layout shift {value:.3f}"] if value > limit else []


def seen(figure, tries=3):
    """The pixels of the frames that can be seen; a frame may just be giving way to another."""
    shown = [
        frame for frame in figure.query_selector_all(".explore-frame svg") if frame.is_visible()
    ]
    try:
        return [frame.screenshot(animations="disabled") for frame in shown]
    except PlaywrightError as error:
        if "not attached" not in str(error) or tries == 1:
            raise
        return seen(figure, tries - 1)
