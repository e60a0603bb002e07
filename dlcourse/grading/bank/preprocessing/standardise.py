"""Exercise ``standardise``: mean 0 and deviation 1, by what the training part says."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.preprocessing._tables import part_and_place, table, with_a_constant
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="standardise",
    title="Standardization without a leak",
    chapter="4-preprocessing",
    position=1,
    entry="standardise",
    parameters=("Xtr", "Xte"),
    conventions=(
        "one mean and one standard deviation a feature (a column), from the training part alone",
        "the deviation of the rows at hand: the mean of the squares, divided by n, not by n − 1",
        "a feature that is constant in the training part is only centered, in both parts",
        "returns (Ztr, Zte), new arrays",
    ),
    hints=(
        "Look at the test part after your scaling. Should its mean be 0? The network was fitted to "
        "numbers in one unit; in which unit does the test part have to come?",
        "Mean and standard deviation along axis 0, of Xtr. Where the deviation is 0 put 1 in its "
        "place. Then (X − mean) / deviation, for both parts with the same two vectors.",
        "By hand, with one feature, Xtr = [1, 2, 3, 6] and Xte = [5]: the mean is 3, the squares "
        "of what is left are 4, 1, 0, 9, their mean 3.5, its root 1.87083. So the training part "
        "becomes -1.06904, -0.534522, 0, 1.60357, and the test part 1.06904.",
    ),
    result="Two arrays come back: the training part and the test part, shaped as they came.",
    places=part_and_place,
)


@EXERCISE.solution
def standardise(Xtr, Xte):
    mean = Xtr.mean(axis=0)
    scale = Xtr.std(axis=0)
    scale = np.where(scale == 0, 1.0, scale)
    return (Xtr - mean) / scale, (Xte - mean) / scale


@EXERCISE.probe("a shifted test part", group="core")
def shifted(rng):
    return Case(table(rng))


@EXERCISE.probe("units far apart", group="core")
def far_apart(rng):
    return Case(table(rng, scales=(0.05, 1.0, 400.0)))


@EXERCISE.probe("a constant feature", group="edge")
def constant(rng):
    return Case(with_a_constant(rng))


@EXERCISE.probe("one test row", group="edge")
def one_row(rng):
    return Case(table(rng, rows=(6, 1)))


@EXERCISE.mistake(
    "own_stats",
    kind="leakage",
    says="standardizes the test part by its own statistics",
    hint="The test part came out with mean 0, though it lies elsewhere: it was measured by itself, "
    "and its shift is lost. Mean and deviation of the training part, for both.",
)
def own_stats(Xtr, Xte):
    return standardise(Xtr, Xtr)[0], standardise(Xte, Xte)[0]


@EXERCISE.mistake(
    "together",
    kind="leakage",
    says="takes the statistics of both parts together",
    hint="Neither part came out with mean 0: the statistics were taken of both together, so the "
    "test part has told something about itself. They come from the training part alone.",
)
def together(Xtr, Xte):
    both = np.concatenate([Xtr, Xte])
    return tuple(np.split(standardise(both, both)[0], [len(Xtr)]))


@EXERCISE.mistake(
    "global",
    kind="axis",
    says="one mean and one deviation for the whole table",
    hint="The features still have different scales: one number was subtracted and one divided by, "
    "for the whole table. Take them along axis 0, one a column.",
)
def everything(Xtr, Xte):
    return (Xtr - Xtr.mean()) / Xtr.std(), (Xte - Xtr.mean()) / Xtr.std()


@EXERCISE.mistake(
    "rows",
    kind="axis",
    says="standardizes each row",
    hint="Each row came out with mean 0: age and salary were averaged with each other. What shares "
    "a unit is a column, so the statistics go along axis 0.",
)
def rows(Xtr, Xte):
    return tuple(
        (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True) for X in (Xtr, Xte)
    )


@EXERCISE.mistake(
    "nan",
    kind="edge-case",
    says="divides a constant feature by 0",
    hint="All agrees but for the constant feature, which became NaN or infinite: its deviation is "
    "0. Divide by 1 there.",
)
def nan(Xtr, Xte):
    mean, scale = Xtr.mean(axis=0), Xtr.std(axis=0)
    return (Xtr - mean) / scale, (Xte - mean) / scale


@EXERCISE.mistake(
    "dropped",
    kind="edge-case",
    says="a constant feature becomes 0 in the test part, too",
    hint="All agrees but for the constant feature in the test part: there it does vary, by steps "
    "of 1, and these steps were wiped out. It is only centered: divisor 1.",
)
def dropped(Xtr, Xte):
    return tuple(np.where(Xtr.std(axis=0) == 0, 0.0, Z) for Z in standardise(Xtr, Xte))


@EXERCISE.mistake(
    "variance",
    kind="logic",
    says="divides by the variance",
    hint="The deviations are not 1 but 1/σ: the variance was divided by. It has the square of the "
    "feature's unit; its root is the deviation.",
)
def variance(Xtr, Xte):
    mean, scale = Xtr.mean(axis=0), Xtr.var(axis=0)
    scale = np.where(scale == 0, 1.0, scale)
    return (Xtr - mean) / scale, (Xte - mean) / scale


@EXERCISE.mistake(
    "ddof",
    kind="convention",
    says="divides the squares by n − 1",
    hint="All is a little too small, by the factor √((n − 1)/n): the squares were divided by "
    "n − 1. The rows are not guessed from here but scaled; divide by n, as np.std does.",
)
def ddof(Xtr, Xte):
    mean, scale = Xtr.mean(axis=0), Xtr.std(axis=0, ddof=1)
    scale = np.where(scale == 0, 1.0, scale)
    return (Xtr - mean) / scale, (Xte - mean) / scale


@EXERCISE.mistake(
    "not_centered",
    kind="logic",
    says="divides by the deviation and does not subtract the mean",
    hint="The deviations are 1, the means are not 0: nothing was subtracted. First the training "
    "mean, then the division.",
)
def not_centered(Xtr, Xte):
    scale = Xtr.std(axis=0)
    scale = np.where(scale == 0, 1.0, scale)
    return Xtr / scale, Xte / scale


@EXERCISE.variant("the root of the mean square of what is left, column by column")
def by_column(Xtr, Xte):
    parts = [np.empty_like(Xtr), np.empty_like(Xte)]
    for j in range(Xtr.shape[1]):
        mean = sum(Xtr[:, j].tolist()) / len(Xtr)
        scale = np.sqrt(np.mean((Xtr[:, j] - mean) ** 2)) or 1.0
        for Z, X in zip(parts, (Xtr, Xte), strict=True):
            Z[:, j] = (X[:, j] - mean) / scale
    return parts


@EXERCISE.variant("in place, on copies, with where= in the division")
def on_copies(Xtr, Xte):
    mean, scale = Xtr.mean(axis=0), Xtr.std(axis=0)
    parts = [X - mean for X in (Xtr, Xte)]
    for Z in parts:
        np.divide(Z, scale, out=Z, where=scale > 0)
    return tuple(parts)


@EXERCISE.variant("float32, as nested lists")
def single_precision(Xtr, Xte):
    parts = standardise(Xtr.astype(np.float32), Xte.astype(np.float32))
    return [Z.tolist() for Z in parts]
