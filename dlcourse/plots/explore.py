"""``explore``: a figure that answers sliders on the printed page, where no Python runs.

Every frame is drawn once and stored as SVG; each slider is linked in the browser to a stack that
shows one of them. In a running notebook the same sliders also draw the frame anew, so that it
follows your changes. The book's pages show the same frames under native controls: numbers slide,
names are buttons (``book/_ext/dlcourse_explorers.py``).
"""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

from dlcourse.checks import fail
from dlcourse.plots.labels import title_of
from dlcourse.plots.svg import to_svg
from dlcourse.publish import publish

MAX_FRAMES = 48  # a frame is about 3 kB of the compressed page


def explore(
    draw: Callable[..., Any], *, alt: str = "", tolerance: float = 0.0, **values: Iterable[Any]
) -> None:
    """Show ``draw(**choice)`` for every choice of ``values``, one slider a parameter.

    Parameters
    ----------
    draw : function of the parameters, by keyword, to a figure of ``plots.new_figure``.
    alt : what the figure shows, for a reader who cannot see it; its title where absent. The
        values of the parameters are added to it, frame by frame.
    tolerance : share by which places in its frames may differ on another machine, as in
        ``picture``
    values : one to three parameters, each with the list of its values; at most 36 frames
        together. The sliders start in the middle of each list.

    Examples
    --------
    ``explore(draw, lr=[0.01, 0.1, 1.0], beta=[0.0, 0.9])`` makes six frames.
    """
    if not 0 <= tolerance <= 0.2:
        fail("tolerance", "in [0, 0.2]", tolerance, "A figure that differs more shows nothing.")
    data, record = Explorer(draw, alt, values).bundle()
    if tolerance:
        record["dlcourse"]["tolerance"] = float(tolerance)
    publish(data, record)


class Explorer:
    """The frames, the sliders and the links behind one call of ``explore``."""

    def __init__(
        self, draw: Callable[..., Any], alt: str, values: dict[str, Iterable[Any]]
    ) -> None:
        if not callable(draw):
            fail("draw", "a function that returns a figure", draw, error=TypeError)
        if not 1 <= len(values) <= 3:
            fail("values", "one to three parameters with their lists", list(values))
        self.draw, self.alt = draw, " ".join(alt.split())
        self.values = {name: _list(name, choice) for name, choice in values.items()}
        self.labels = {name: _labels(name, choice) for name, choice in self.values.items()}
        count = math.prod(map(len, self.values.values()))
        if count > MAX_FRAMES:
            fix = "Every frame is stored on the page: give fewer values."
            fail("the number of frames", f"<= {MAX_FRAMES}", count, fix)
        self._build()

    def render(self, index: tuple[int, ...], prefix: str) -> tuple[str, str]:
        """One frame: its HTML, and the words that describe it."""
        choice = {name: v[i] for (name, v), i in zip(self.values.items(), index, strict=True)}
        shown = ", ".join(
            f"{name} = {labels[i]}"
            for (name, labels), i in zip(self.labels.items(), index, strict=True)
        )
        figure = self.draw(**choice)
        figure = getattr(figure, "figure", figure)  # Axes will do
        if not hasattr(figure, "savefig"):
            fail("draw", "a function that returns a figure", figure, error=TypeError)
        what = self.alt or title_of(figure)
        if not what:
            fail("alt", "a description, or the figure's title", what)
        svg = to_svg(figure, prefix, f"{what} ({shown})")
        svg = svg.replace('<svg style="', '<svg style="max-width: 100%; height: auto; ', 1)
        caption = f'<p class="explore-values">{html.escape(shown)}</p>'
        return f'<div class="explore-frame">{svg}{caption}</div>', what

    def _build(self) -> None:
        import ipywidgets as widgets
        from ipywidgets.widgets.widget_string import HTMLStyle

        sizes = [len(choice) for choice in self.values.values()]
        start = tuple(size // 2 for size in sizes)
        plain, style = widgets.Layout(), HTMLStyle()  # shared: one model, not one a frame
        self.frames: dict[tuple[int, ...], Any] = {}
        for number, index in enumerate(itertools.product(*map(range, sizes))):
            text, what = self.render(index, f"f{number}-")
            self.frames[index] = widgets.HTML(text, layout=plain, style=style)
            if index == start:
                self.what, self.first = what, text
        wide = widgets.Layout(width="min(100%, 32em)")
        named = widgets.SliderStyle(description_width="8em")
        self.sliders = [
            widgets.SelectionSlider(
                options=labels, index=i, description=name, layout=wide, style=named
            )
            for (name, labels), i in zip(self.labels.items(), start, strict=True)
        ]
        self.links: list[Any] = []
        stack = self._stack((), start, plain)
        self.box = widgets.VBox([*self.sliders, stack], layout=widgets.Layout())
        self.box.add_class("explore")
        for slider in self.sliders:
            slider.observe(self._redraw, names="index")

    def _stack(self, fixed: tuple[int, ...], start: tuple[int, ...], plain: Any) -> Any:
        """The stack over the next parameter, of stacks over the ones after it."""
        import ipywidgets as widgets

        level = len(fixed)
        if level == len(self.sliders):
            return self.frames[fixed]
        count = len(list(self.values.values())[level])
        children = [self._stack((*fixed, i), start, plain) for i in range(count)]
        stack = widgets.Stack(children, selected_index=start[level], layout=plain)
        slider = self.sliders[level]
        self.links.append(widgets.jslink((slider, "index"), (stack, "selected_index")))
        return stack

    def _redraw(self, change: Any) -> None:
        """With a kernel: draw the chosen frame again, so that it follows the reader's changes."""
        index = tuple(slider.index for slider in self.sliders)
        number = list(self.frames).index(index)
        try:
            self.frames[index].value = self.render(index, f"f{number}-")[0]
        except Exception as error:  # a callback's traceback is seen by nobody
            message = html.escape(f"{type(error).__name__}: {error}")
            self.frames[index].value = f'<pre class="explore-error">{message}</pre>'

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The output: the widget, its first frame for pages without one, the words for both."""
        data = dict(self.box._repr_mimebundle_() or {})
        choices = "; ".join(f"{name} in {', '.join(v)}" for name, v in self.labels.items())
        text = f"Interactive figure: {self.what} ({choices})"
        svg = self.first[self.first.index("<svg") : self.first.index("</svg>") + 6]
        data |= {"text/plain": text, "image/svg+xml": svg}
        return data, {"dlcourse": {"alt": f"{self.what} ({choices})"}}


def _list(name: str, choice: Any) -> list[Any]:
    if isinstance(choice, str) or not isinstance(choice, Iterable):
        fail(name, "a list of values", choice, error=TypeError)
    result = list(choice)
    if len(result) < 2:
        fail(name, "a list of at least two values", result, "A slider needs somewhere to go.")
    return result


def _labels(name: str, choice: list[Any]) -> list[str]:
    labels = [value if isinstance(value, str) else f"{value:g}" for value in choice]
    if len(set(labels)) < len(labels):
        fail(name, "a list of values that differ in their first six digits", choice)
    return labels
