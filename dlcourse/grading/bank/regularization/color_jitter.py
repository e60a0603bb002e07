"""Exercise ``color_jitter``: an image mixed with black, with its mean grey, with its greys."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import photos
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="color_jitter",
    title="Brightness, contrast, saturation",
    chapter="7-regularization",
    position=16,
    entry="jitter",
    parameters=("x", "brightness", "contrast", "saturation"),
    conventions=(
        "x is (N, 3, H, W) in [0, 1]: red, green, blue; the factors are one number each, >= 0, and "
        "are applied in this order",
        "each makes factor · image + (1 − factor) · other, cut to [0, 1] before the next",
        "other is black for brightness; the mean grey of the image, one number, for contrast; the "
        "grey image for saturation",
        "grey = 0.2989 R + 0.587 G + 0.114 B, at each pixel; returns a new array",
    ),
    hints=(
        "What does factor 0 leave in each of the three cases? And which of the three needs to look "
        "at the whole image?",
        "One function does it: mix(x, other, factor), cut with np.clip. grey of x has one channel, "
        "(N, 1, H, W); its mean over axes 1, 2, 3 is the mean grey.",
        "By hand, one pixel (0.2, 0.4, 0.6), brightness 1.5: (0.3, 0.6, 0.9). Its grey is 0.54447; "
        "contrast 1 changes nothing; saturation 0.5 makes (0.422235, 0.572235, 0.722235).",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def jitter(x, brightness, contrast, saturation):
    def grey(image):
        return np.einsum("nchw,c->nhw", image, [0.2989, 0.587, 0.114])[:, None]

    def mixed(image, other, factor):
        return np.clip(factor * image + (1 - factor) * other, 0, 1)

    y = mixed(x, 0.0, brightness)
    y = mixed(y, grey(y).mean(axis=(1, 2, 3), keepdims=True), contrast)
    return mixed(y, grey(y), saturation)


def _case(rng, brightness=1.0, contrast=1.0, saturation=1.0, shape=(2, 3, 3, 4)):
    """Factors near these, but exactly 1 where 1 is asked for; images of different mean."""
    near = rng.uniform(0.95, 1.05, 3)
    given = (brightness, contrast, saturation)
    factors = [f if f == 1 else round(float(f * n), 2) for f, n in zip(given, near, strict=True)]
    x = photos(rng, *shape)
    x[:1] **= 1.6
    return Case((np.round(x, 4), *factors))


@EXERCISE.probe("all three", group="core")
def all_three(rng):
    return _case(rng, 1.3, 0.6, 1.5)


@EXERCISE.probe("contrast alone", group="core")
def contrast_alone(rng):
    return _case(rng, contrast=0.5)


@EXERCISE.probe("saturation alone", group="core")
def saturation_alone(rng):
    return _case(rng, saturation=0.4)


@EXERCISE.probe("much brighter, then less contrast", group="edge")
def cut_off(rng):
    return _case(rng, 2.2, 0.5, 1.0)


@EXERCISE.probe("too much of everything", group="edge")
def too_much(rng):
    return _case(rng, 1.4, 2.0, 2.5, (3, 3, 2, 3))


@EXERCISE.probe("nothing is changed", group="edge")
def nothing(rng):
    return Case((photos(rng, 1, 3, 2, 2), 1.0, 1.0, 1.0))


WEIGHTS = np.array([0.2989, 0.587, 0.114])


def _grey(x, weights=WEIGHTS):
    return np.tensordot(x, weights, (1, 0))[:, None]


def _mix(x, other, factor, cut=True):
    y = factor * x + (1 - factor) * other
    return np.clip(y, 0, 1) if cut else y


def _jitter(x, b, c, s, weights=WEIGHTS, axes=(1, 2, 3), cut=True):
    y = _mix(x, 0.0, b, cut)
    y = _mix(y, _grey(y, weights).mean(axes, keepdims=True), c, cut)
    return _mix(y, _grey(y, weights), s, cut)


@EXERCISE.mistake(
    "even",
    kind="logic",
    says="takes the plain mean of the channels for grey",
    hint="Grey is the plain mean of the channels here. Green looks brighter than blue: 0.2989, "
    "0.587, 0.114.",
)
def even_grey(x, brightness, contrast, saturation):
    return _jitter(x, brightness, contrast, saturation, np.full(3, 1 / 3))


@EXERCISE.mistake(
    "blue_first",
    kind="axis",
    says="takes the channels for blue, green, red",
    hint="The weights of red and blue are exchanged: the channels are red, green, blue.",
)
def blue_first(x, brightness, contrast, saturation):
    return _jitter(x, brightness, contrast, saturation, WEIGHTS[::-1])


@EXERCISE.mistake(
    "batch",
    kind="axis",
    says="takes the mean grey of all images",
    hint="Contrast mixes with the mean of the whole batch. Each image has its own mean grey.",
)
def of_the_batch(x, brightness, contrast, saturation):
    return _jitter(x, brightness, contrast, saturation, axes=(0, 1, 2, 3))


@EXERCISE.mistake(
    "uncut",
    kind="edge-case",
    says="does not cut to [0, 1]",
    hint="Some values lie outside of [0, 1]: they were not cut.",
)
def uncut(x, brightness, contrast, saturation):
    return _jitter(x, brightness, contrast, saturation, cut=False)


@EXERCISE.mistake(
    "cut_last",
    kind="order",
    says="cuts at the end only",
    hint="Values above 1 were carried on and cut at the end. They are cut after each of the three, "
    "and the next one sees them cut.",
)
def cut_last(x, brightness, contrast, saturation):
    return np.clip(_jitter(x, brightness, contrast, saturation, cut=False), 0, 1)


@EXERCISE.mistake(
    "original",
    kind="logic",
    says="takes grey from the image as it was given",
    hint="Contrast and saturation use the greys of the image as it was given. They work on what "
    "the one before has left.",
)
def of_the_original(x, brightness, contrast, saturation):
    y = _mix(x, 0.0, brightness)
    y = _mix(y, _grey(x).mean((1, 2, 3), keepdims=True), contrast)
    return _mix(y, _grey(x), saturation)


@EXERCISE.mistake(
    "order",
    kind="order",
    says="changes saturation before contrast",
    hint="The order is another: brightness, contrast, saturation. With cutting in between it "
    "matters.",
)
def other_order(x, brightness, contrast, saturation):
    y = _mix(x, 0.0, brightness)
    y = _mix(y, _grey(y), saturation)
    return _mix(y, _grey(y).mean((1, 2, 3), keepdims=True), contrast)


@EXERCISE.mistake(
    "complement",
    kind="logic",
    says="exchanges the image and what it is mixed with",
    hint="The factors count what is mixed in. They count the image: factor 1 changes nothing, "
    "factor 0 leaves only the other.",
)
def complement(x, brightness, contrast, saturation):
    y = np.clip((1 - brightness) * x, 0, 1) if brightness != 1 else x
    y = _mix(y, _grey(y).mean((1, 2, 3), keepdims=True), 1 - contrast if contrast != 1 else 1)
    return _mix(y, _grey(y), 1 - saturation if saturation != 1 else 1)


@EXERCISE.mistake(
    "add",
    kind="logic",
    says="adds brightness",
    hint="Brightness was added. It multiplies: black stays black.",
)
def added(x, brightness, contrast, saturation):
    return _jitter(np.clip(x + brightness - 1, 0, 1), 1.0, contrast, saturation)


@EXERCISE.mistake(
    "half",
    kind="logic",
    says="moves the contrast about one half",
    hint="Contrast was changed about 0.5. It is changed about the mean grey of the image, so that "
    "a dark image stays dark.",
)
def about_half(x, brightness, contrast, saturation):
    y = _mix(_mix(x, 0.0, brightness), 0.5, contrast)
    return _mix(y, _grey(y), saturation)


@EXERCISE.variant("away from the other, by the factor")
def away(x, brightness, contrast, saturation):
    y = np.minimum(x * brightness, 1)
    for factor, whole in ((contrast, True), (saturation, False)):
        red, green, blue = y[:, 0], y[:, 1], y[:, 2]
        grey = (0.2989 * red + 0.587 * green + 0.114 * blue)[:, None]
        other = np.array([g.mean() for g in grey]).reshape(-1, 1, 1, 1) if whole else grey
        y = np.maximum(np.minimum(other + factor * (y - other), 1), 0)
    return y


@EXERCISE.variant("image by image, in Python numbers")
def by_image(x, brightness, contrast, saturation):
    out = []
    for image in x:
        pixels = [[min(v * brightness, 1.0) for v in p] for p in image.reshape(3, -1).T.tolist()]
        for factor, whole in ((contrast, True), (saturation, False)):
            greys = [sum(w * v for w, v in zip(WEIGHTS.tolist(), p, strict=True)) for p in pixels]
            mean = sum(greys) / len(greys)
            pixels = [
                [min(max(factor * v + (1 - factor) * (mean if whole else g), 0.0), 1.0) for v in p]
                for p, g in zip(pixels, greys, strict=True)
            ]
        out.append(np.array(pixels).T.reshape(image.shape).tolist())
    return out


@EXERCISE.variant("float32")
def single_precision(x, brightness, contrast, saturation):
    return jitter(x.astype(np.float32), brightness, contrast, saturation).astype(np.float32)
