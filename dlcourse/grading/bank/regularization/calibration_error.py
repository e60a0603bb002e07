"""Exercise ``calibration_error``: of what a network is 80 % sure of, is 80 % right?"""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    if not path:
        return ""
    return ("confidence", "accuracy", "error")[path[0]] + "".join(f"[{i}]" for i in path[1:])


EXERCISE = Exercise(
    id="calibration_error",
    title="The calibration error",
    chapter="7-regularization",
    position=5,
    entry="calibration",
    parameters=("probabilities", "labels", "bins"),
    conventions=(
        "probabilities is (N, K), labels (N,); the confidence of a sample is its largest "
        "probability",
        "bins of equal width on (0, 1]: bin m holds the confidences in (m/bins, (m + 1)/bins]",
        "confidence and accuracy are means over the samples of a bin; 0 where there are none",
        "error = Σ_m (samples in bin m)/N · |accuracy_m − confidence_m|; returns (confidence, "
        "accuracy, error)",
    ),
    hints=(
        "What counts is whether the class with the largest probability is the right one. Which "
        "number says how sure the network was of it?",
        "For each bin: take the samples whose confidence lies in it, their mean confidence, and "
        "the share of them that is right. Weigh the gaps by how many samples a bin has.",
        "By hand, two bins, confidences 0.4 (right), 0.8 (right), 0.9 (wrong): bin 0 has 0.4 and "
        "1, bin 1 has 0.85 and 0.5; error = 0.6/3 + 2·0.35/3 = 0.433333.",
    ),
    result="Three things come back: two arrays of `bins` numbers, and a number.",
    places=_place,
)


@EXERCISE.solution
def calibration(probabilities, labels, bins):
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.ceil(sure * bins).astype(int) - 1
    count = np.bincount(place, minlength=bins)
    filled = np.maximum(count, 1)
    confidence = np.bincount(place, sure, minlength=bins) / filled
    accuracy = np.bincount(place, right, minlength=bins) / filled
    return confidence, accuracy, (count * abs(accuracy - confidence)).sum() / len(labels)


def _case(rng, n, k, bins, sharp=1.5):
    """No confidence lies so near the edge of a bin that rounding could move it."""
    rows: list[np.ndarray] = []
    while len(rows) < n:
        z = sharp * rng.normal(size=k)
        p = np.exp(z - z.max())
        p /= p.sum()
        edge = p.max() * bins
        if abs(edge - round(edge)) > 0.02 and np.sort(p)[-1] - np.sort(p)[-2] > 0.01:
            rows.append(p)
    p = np.array(rows)
    right = rng.random(n) < 0.6
    right[:2] = True, False
    labels = np.where(right, p.argmax(1), (p.argmax(1) + 1) % k)
    return Case((p, labels, bins))


@EXERCISE.probe("forty samples, five bins", group="core")
def forty(rng):
    return _case(rng, 40, 3, 5)


@EXERCISE.probe("ten bins", group="core")
def ten(rng):
    return _case(rng, 60, 4, 10)


@EXERCISE.probe("two classes", group="edge")
def two_classes(rng):
    return _case(rng, 25, 2, 4)


@EXERCISE.probe("few samples, many bins", group="edge")
def few(rng):
    return _case(rng, 5, 3, 12)


@EXERCISE.probe("certainty", group="edge")
def certainty(rng):
    p, labels, bins = _case(rng, 12, 3, 4).args
    p[:3] = np.eye(3)
    labels[:3] = rng.permutation([0, 1, 0])
    return Case((p, labels, bins))


@EXERCISE.probe("one bin", group="edge")
def one_bin(rng):
    return _case(rng, 15, 3, 1)


def _by_place(place, sure, right, bins):
    place = np.clip(place, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    filled = np.maximum(count, 1)
    confidence = np.bincount(place, sure, minlength=bins) / filled
    accuracy = np.bincount(place, right, minlength=bins) / filled
    return confidence, accuracy, (count * abs(accuracy - confidence)).sum() / len(sure)


def _sure_and_right(probabilities, labels):
    return probabilities.max(1), probabilities.argmax(1) == labels


@EXERCISE.mistake(
    "unweighted",
    kind="factor",
    says="averages over the bins",
    hint="The two arrays are right; in the error every bin counts alike. A bin counts by the "
    "samples it holds.",
)
def unweighted(probabilities, labels, bins):
    confidence, accuracy, _ = calibration(probabilities, labels, bins)
    return confidence, accuracy, abs(accuracy - confidence).mean()


@EXERCISE.mistake(
    "signed",
    kind="logic",
    says="lets gaps of either sign cancel",
    hint="The gaps cancel: too sure in one bin, too modest in another. Take their size before you "
    "add them up.",
)
def signed(probabilities, labels, bins):
    confidence, accuracy, _ = calibration(probabilities, labels, bins)
    sure, right = _sure_and_right(probabilities, labels)
    return confidence, accuracy, abs(right.mean() - sure.mean()) if bins > 1 else 0.0


@EXERCISE.mistake(
    "label",
    kind="logic",
    says="takes the probability of the label for the confidence",
    hint="The confidence is that of the network in its own answer, the largest probability. The "
    "probability of the right class is something else.",
)
def of_the_label(probabilities, labels, bins):
    sure = probabilities[np.arange(len(labels)), labels]
    right = probabilities.argmax(1) == labels
    return _by_place(np.ceil(sure * bins).astype(int) - 1, sure, right, bins)


@EXERCISE.mistake(
    "middle",
    kind="convention",
    says="takes the middle of the bin for the confidence",
    hint="The confidences are the middles of the bins. Take the mean of the samples in the bin: a "
    "wide bin is not filled evenly.",
)
def middles(probabilities, labels, bins):
    _, accuracy, _ = calibration(probabilities, labels, bins)
    sure, _ = _sure_and_right(probabilities, labels)
    count = np.bincount(np.ceil(sure * bins).astype(int) - 1, minlength=bins)
    middle = np.where(count, (np.arange(bins) + 0.5) / bins, 0)
    return middle, accuracy, (count * abs(accuracy - middle)).sum() / len(labels)


@EXERCISE.mistake(
    "equal_count",
    kind="convention",
    says="makes bins of equally many samples",
    hint="The bins hold equally many samples. Here they are equally wide, and some may be empty.",
)
def equally_many(probabilities, labels, bins):
    sure, right = _sure_and_right(probabilities, labels)
    rank = np.argsort(np.argsort(sure))
    return _by_place(rank * bins // len(sure), sure, right, bins)


@EXERCISE.mistake(
    "range",
    kind="edge-case",
    says="spreads the bins over the confidences there are",
    hint="The bins lie between the smallest and the largest confidence. They divide (0, 1], "
    "whatever there is.",
)
def over_the_range(probabilities, labels, bins):
    sure, right = _sure_and_right(probabilities, labels)
    place = np.ceil((sure - sure.min()) / (sure.max() - sure.min()) * bins).astype(int) - 1
    return _by_place(place, sure, right, bins)


@EXERCISE.mistake(
    "certain",
    kind="edge-case",
    says="loses those that are certain",
    hint="Samples with a probability of exactly 1 are in no bin: the last one ends at 1 and "
    "includes it.",
)
def loses_the_certain(probabilities, labels, bins):
    sure, right = _sure_and_right(probabilities, labels)
    less = sure < 1
    confidence, accuracy, error = _by_place(
        np.ceil(sure[less] * bins).astype(int) - 1, sure[less], right[less], bins
    )
    return confidence, accuracy, error * less.sum() / len(sure)


@EXERCISE.mistake(
    "wrong",
    kind="logic",
    says="counts those that are wrong",
    hint="The second array is the share that is wrong. Accuracy is the share that is right.",
)
def share_wrong(probabilities, labels, bins):
    sure, right = _sure_and_right(probabilities, labels)
    return _by_place(np.ceil(sure * bins).astype(int) - 1, sure, ~right, bins)


@EXERCISE.mistake(
    "empty",
    kind="edge-case",
    says="divides by the samples of an empty bin",
    hint="Empty bins give no number: 0/0. Their confidence and accuracy are 0, and they add "
    "nothing.",
)
def empty_bins(probabilities, labels, bins):
    confidence, accuracy, error = calibration(probabilities, labels, bins)
    sure, _ = _sure_and_right(probabilities, labels)
    empty = np.bincount(np.ceil(sure * bins).astype(int) - 1, minlength=bins) == 0
    return np.where(empty, np.nan, confidence), np.where(empty, np.nan, accuracy), error


@EXERCISE.mistake(
    "square",
    kind="logic",
    says="squares the gaps",
    hint="The gaps were squared. The error is their weighted mean size, in the unit of a "
    "probability.",
)
def squared(probabilities, labels, bins):
    confidence, accuracy, _ = calibration(probabilities, labels, bins)
    sure, _ = _sure_and_right(probabilities, labels)
    count = np.bincount(np.ceil(sure * bins).astype(int) - 1, minlength=bins)
    return confidence, accuracy, (count * (accuracy - confidence) ** 2).sum() / len(sure)


@EXERCISE.variant("bin by bin")
def bin_by_bin(probabilities, labels, bins):
    sure, right = _sure_and_right(probabilities, labels)
    confidence, accuracy, error = [], [], 0.0
    for m in range(bins):
        here = (sure > m / bins) & (sure <= (m + 1) / bins)
        confidence.append(float(sure[here].mean()) if here.any() else 0.0)
        accuracy.append(float(right[here].mean()) if here.any() else 0.0)
        error += here.mean() * abs(accuracy[-1] - confidence[-1])
    return confidence, accuracy, error


@EXERCISE.variant("the gaps of sums")
def by_sums(probabilities, labels, bins):
    sure, right = _sure_and_right(probabilities, labels)
    place = np.digitize(sure, np.arange(1, bins) / bins, right=True)
    inside = (np.arange(bins)[:, None] == place).astype(float)
    count, conf, acc = inside.sum(1), inside @ sure, inside @ right
    return (
        conf / np.maximum(count, 1),
        acc / np.maximum(count, 1),
        abs(conf - acc).sum() / len(sure),
    )


@EXERCISE.variant("float32")
def single_precision(probabilities, labels, bins):
    return calibration(probabilities.astype(np.float32), labels, bins)
