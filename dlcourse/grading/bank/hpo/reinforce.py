"""Exercise ``reinforce``: a gradient of something that is not differentiable."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    if not path:
        return ""
    return ("gradient", "new baseline")[path[0]] + "".join(f"[{index}]" for index in path[1:])


EXERCISE = Exercise(
    id="reinforce",
    title="The policy gradient of a controller",
    chapter="6-hpo",
    position=11,
    entry="reinforce",
    parameters=("logits", "choices", "rewards", "baseline", "decay"),
    conventions=(
        "a controller makes D decisions among K options each, independently: option k of decision "
        "d has the probability softmax(logits[d])_k; logits is (D, K)",
        "choices (B, D) holds the options of B architectures that it drew, rewards (B,) what each "
        "of them got",
        "gradient (D, K) estimates that of the *expected reward*, to be climbed: the mean over the "
        "B of (reward − baseline) · ∂ log p(choices)/∂ logits, with the baseline that came in",
        "new baseline = decay·baseline + (1 − decay)·mean of the rewards; logits of 1000 do no "
        "harm; returns (gradient, new baseline)",
    ),
    hints=(
        "log p of an architecture is a sum over its decisions. What is the derivative of "
        "log softmax(z)_a in z_k, for k = a and for another k?",
        "One-hot of the choice minus softmax, for every decision; weighted with reward − baseline, "
        "averaged over the architectures. Subtract the largest logit before exp.",
        "By hand, one decision, logits (0, ln 3), so p = (0.25, 0.75); choices 0 and 1 with "
        "rewards 0.9 and 0.5, baseline 0.6, decay 0.5. Gradient: half of 0.3·(0.75, -0.75) − "
        "0.1·(-0.25, 0.25), which is (0.125, -0.125). New baseline: 0.65.",
    ),
    result="Two things come back: the gradient, shaped as logits, and a number.",
    places=_place,
)


@EXERCISE.solution
def reinforce(logits, choices, rewards, baseline, decay):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    chosen = choices[:, :, None] == np.arange(p.shape[1])
    advantage = (rewards - baseline)[:, None, None]
    gradient = (advantage * (chosen - p)).mean(axis=0)
    return gradient, decay * baseline + (1 - decay) * rewards.mean()


def _case(rng, b, d, k, logits=None):
    logits = np.round(rng.normal(0, 1, (d, k)), 3) if logits is None else logits
    choices = rng.permuted(np.resize(np.arange(k), (d, max(b, k))), axis=1)[:, :b].T
    rewards = np.round(rng.uniform(0.3, 0.95, b), 3)
    baseline, decay = rng.uniform(0.4, 0.5), rng.uniform(0.7, 0.9)
    return Case((logits, choices, rewards, round(float(baseline), 3), round(float(decay), 2)))


@EXERCISE.probe("three decisions", group="core")
def three_decisions(rng):
    return _case(rng, 7, 3, 4)


@EXERCISE.probe("more options than architectures", group="core")
def many_options(rng):
    return _case(rng, 3, 2, 5)


@EXERCISE.probe("as many of everything", group="core")
def square(rng):
    return _case(rng, 4, 4, 4)


@EXERCISE.probe("one architecture", group="edge")
def one_architecture(rng):
    case = _case(rng, 1, 3, 3)
    return Case((*case.args[:2], np.array([0.9]), *case.args[3:]))


@EXERCISE.probe("one decision", group="edge")
def one_decision(rng):
    return _case(rng, 6, 1, 3)


@EXERCISE.probe("huge logits", group="edge")
def huge(rng):
    eighths = rng.integers(-12, 12, (3, 4)) / 8
    return _case(rng, 8, 3, 4, logits=eighths + np.array([[1000.0], [-900.0], [800.0]]))


def _parts(logits, choices, axis=-1):
    """The probabilities, and the choices as one-hot arrays (B, D, K)."""
    p = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return p / p.sum(axis=axis, keepdims=True), np.eye(logits.shape[1])[choices]


def _gradient(scores, rewards, baseline):
    return np.einsum("b,bdk->dk", rewards - baseline, scores) / len(rewards)


@EXERCISE.mistake(
    "loss",
    kind="sign",
    says="gives the gradient of a loss",
    hint="The gradient has the wrong sign: it is that of a loss, to go down. Asked for is the "
    "gradient of the expected reward, to go up.",
)
def of_loss(logits, choices, rewards, baseline, decay):
    gradient, new = reinforce(logits, choices, rewards, baseline, decay)
    return -gradient, new


@EXERCISE.mistake(
    "no_baseline",
    kind="logic",
    says="does not subtract the baseline",
    hint="The rewards were taken as they are: no baseline was subtracted. The mean would be the "
    "same, but every choice is pushed up, and the estimate scatters more.",
)
def no_baseline(logits, choices, rewards, baseline, decay):
    gradient, _ = reinforce(logits, choices, rewards, 0.0, decay)
    return gradient, reinforce(logits, choices, rewards, baseline, decay)[1]


@EXERCISE.mistake(
    "new_baseline",
    kind="state",
    says="updates the baseline first",
    hint="The baseline was updated before it was subtracted, so that it holds these very rewards. "
    "Subtract the one that came in, then update it.",
)
def new_baseline(logits, choices, rewards, baseline, decay):
    _, new = reinforce(logits, choices, rewards, baseline, decay)
    return reinforce(logits, choices, rewards, new, decay)[0], new


@EXERCISE.mistake(
    "batch_baseline",
    kind="logic",
    says="subtracts the mean of the batch",
    hint="The mean of these rewards was subtracted instead of the baseline that came in. With one "
    "architecture nothing would be left.",
)
def batch_baseline(logits, choices, rewards, baseline, decay):
    gradient, _ = reinforce(logits, choices, rewards, rewards.mean(), decay)
    return gradient, reinforce(logits, choices, rewards, baseline, decay)[1]


@EXERCISE.mistake(
    "sum",
    kind="factor",
    says="adds the architectures up",
    hint="The gradient is B times too large: it was added up over the architectures. An estimate "
    "of an expected value is a mean.",
)
def summed(logits, choices, rewards, baseline, decay):
    gradient, new = reinforce(logits, choices, rewards, baseline, decay)
    return gradient * len(rewards), new


@EXERCISE.mistake(
    "one_hot",
    kind="logic",
    says="does not subtract the probabilities",
    hint="Only the chosen options have a gradient: softmax was not subtracted. What is chosen more "
    "often takes probability from all others; each row has to sum to 0.",
)
def one_hot_only(logits, choices, rewards, baseline, decay):
    _, chosen = _parts(logits, choices)
    new = reinforce(logits, choices, rewards, baseline, decay)[1]
    return _gradient(chosen, rewards, baseline), new


@EXERCISE.mistake(
    "of_p",
    kind="logic",
    says="takes the gradient of p instead of log p",
    hint="The gradient is weighted with the probability of what was chosen: it is that of p. What "
    "is drawn often comes often already; take the gradient of log p.",
)
def of_p(logits, choices, rewards, baseline, decay):
    p, chosen = _parts(logits, choices)
    likely = (p * chosen).sum(axis=-1, keepdims=True)
    new = reinforce(logits, choices, rewards, baseline, decay)[1]
    return _gradient(likely * (chosen - p), rewards, baseline), new


@EXERCISE.mistake(
    "axis",
    kind="axis",
    says="takes the softmax over the decisions",
    hint="The probabilities of an option sum to 1 over the decisions: softmax ran along the wrong "
    "axis. Each decision, a row, has a distribution of its own.",
)
def over_decisions(logits, choices, rewards, baseline, decay):
    p, chosen = _parts(logits, choices, axis=0)
    new = reinforce(logits, choices, rewards, baseline, decay)[1]
    return _gradient(chosen - p, rewards, baseline), new


@EXERCISE.mistake(
    "overflow",
    kind="numerics",
    says="lets exp overflow",
    hint="Only huge logits go wrong: exp overflows, or all of it vanishes. Subtract the largest "
    "logit of each row first; softmax does not notice.",
)
def overflow(logits, choices, rewards, baseline, decay):
    with np.errstate(all="ignore"):
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        chosen = np.eye(logits.shape[1])[choices]
        new = decay * baseline + (1 - decay) * rewards.mean()
        return _gradient(chosen - p, rewards, baseline), new


@EXERCISE.mistake(
    "decay",
    kind="convention",
    says="gives the new rewards the weight decay",
    hint="The gradient is right, the baseline jumps to the new rewards: decay and 1 − decay are "
    "exchanged. decay is the weight of the past.",
)
def decay_exchanged(logits, choices, rewards, baseline, decay):
    gradient, _ = reinforce(logits, choices, rewards, baseline, decay)
    return gradient, (1 - decay) * baseline + decay * rewards.mean()


@EXERCISE.variant("architecture by architecture, in Python numbers")
def by_loop(logits, choices, rewards, baseline, decay):
    from math import exp

    rows = [[exp(z - max(row)) for z in row] for row in logits.tolist()]
    p = [[value / sum(row) for value in row] for row in rows]
    gradient = [[0.0] * len(row) for row in p]
    for options, reward in zip(choices.tolist(), rewards.tolist(), strict=True):
        for d, option in enumerate(options):
            for k, probability in enumerate(p[d]):
                gradient[d][k] += (reward - baseline) * ((k == option) - probability) / len(rewards)
    return gradient, baseline + (1 - decay) * (sum(rewards.tolist()) / len(rewards) - baseline)


@EXERCISE.variant("sums of advantages, option by option")
def by_counting(logits, choices, rewards, baseline, decay):
    p, _ = _parts(logits, choices)
    advantage = rewards - baseline
    gradient = -p * advantage.sum()
    for d, column in enumerate(choices.T):
        np.add.at(gradient[d], column, advantage)
    return gradient / len(rewards), np.average(
        [baseline, rewards.mean()], weights=[decay, 1 - decay]
    )


@EXERCISE.variant("float32")
def single_precision(logits, choices, rewards, baseline, decay):
    arrays = logits.astype(np.float32), choices, rewards.astype(np.float32)
    gradient, new = reinforce(*arrays, np.float32(baseline), np.float32(decay))
    return gradient.astype(np.float32), np.float32(new)
