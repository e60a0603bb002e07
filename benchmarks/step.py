"""One training step, from the batch to the changed weights, beside PyTorch on the CPU.

    python -m benchmarks.step

Forward, softmax cross-entropy, backward, Adam; float32. Both sides start from the same weights and
are compared before they are timed. The ratios are printed as they are: a report, not a gate.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks import timing
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import Adam


@dataclass(frozen=True)
class Network:
    """What is trained, and the ratio to PyTorch's default Adam that we are after."""

    name: str
    sizes: tuple[int, ...]
    batch: int
    aim_default: float | None
    aim_fused: float | None


NETWORKS = (
    Network("MNIST-size", (784, 256, 256, 10), 128, None, 0.90),
    Network("lesson-size", (64, 128, 64, 10), 32, 0.15, None),
    Network("20 layers", (64, *[64] * 19, 10), 32, None, None),
)


def batch(network: Network, dtype: type[np.floating]) -> tuple[np.ndarray, np.ndarray]:
    """Noise in the shape of the data: the values do not change the time."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(network.batch, network.sizes[0])).astype(dtype)
    return x, rng.integers(0, network.sizes[-1], network.batch)


def ours(network: Network, dtype: type[np.floating]):
    """The model and its step as a function without arguments."""
    x, y = batch(network, dtype)
    model = MLP(network.sizes, np.random.default_rng(1), dtype=dtype)
    loss, opt = SoftmaxCrossEntropy(), Adam(model.theta)

    def step() -> None:
        loss.forward(model.forward(x, training=True), y)
        model.backward(loss.backward(), input_grad=False)
        opt.step(model.grad)

    return model, step


def theirs(network: Network, dtype: type[np.floating], *, fused: bool):
    """The same, in PyTorch, from the same weights."""
    x, y = (torch.from_numpy(a) for a in batch(network, dtype))
    mine = MLP(network.sizes, np.random.default_rng(1), dtype=dtype)
    layers: list[torch.nn.Module] = []
    for d, k in zip(network.sizes, network.sizes[1:], strict=False):
        layers += [torch.nn.Linear(d, k, dtype=x.dtype), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for p, start in zip(model.parameters(), mine.unflatten(mine.theta).values(), strict=True):
            p.copy_(torch.from_numpy(start))
    loss, opt = torch.nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), fused=fused)

    def step() -> None:
        opt.zero_grad()
        loss(model(x), y).backward()
        opt.step()

    return model, step


def difference(network: Network, *, fused: bool, steps: int = 10) -> float:
    """Largest difference of a weight after some steps in float64."""
    (model, step), (twin, twin_step) = (
        ours(network, np.float64),
        theirs(network, np.float64, fused=fused),
    )
    for _ in range(steps):
        step()
        twin_step()
    flat = torch.nn.utils.parameters_to_vector(twin.parameters()).detach().numpy()
    return float(np.abs(model.theta - flat).max())


def main() -> int:
    """Print the table; fail only if the two sides do not compute the same."""
    torch.set_num_threads(1)
    print(timing.where())
    print(
        f"PyTorch {torch.__version__}; CPU time of a step, ours / PyTorch's; below 1 ours is faster"
    )
    print(f"{'':34}{'ours':>8}   {'/ default Adam':<22}{'/ fused Adam':<22}after, differ by")
    worst = 0.0
    for network in NETWORKS:
        differ = max(difference(network, fused=False), difference(network, fused=True))
        worst = max(worst, differ)
        jobs = {
            "ours": ours(network, np.float32)[1],
            "default": theirs(network, np.float32, fused=False)[1],
            "fused": theirs(network, np.float32, fused=True)[1],
        }
        taken = timing.measure(jobs)
        shape = f"{network.name}: {_short(network.sizes)}, {network.batch}"
        print(
            f"{shape:34}{timing.microseconds(taken, 'ours'):5.0f} µs   "
            f"{timing.ratio(taken, 'ours', 'default')!s:<22}"
            f"{timing.ratio(taken, 'ours', 'fused')!s:<22}{differ:.0e}"
        )
        for kind, aim in (("default", network.aim_default), ("fused", network.aim_fused)):
            if aim is not None:
                print(f"{'':37}aim: at most {aim:.2f} of the {kind} Adam")
    if worst > 1e-10:
        print(
            f"The two sides differ by {worst:.1e} after ten steps in float64: no valid comparison."
        )
    return int(worst > 1e-10)


def _short(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes)) if len(sizes) < 6 else f"{sizes[0]}-...-{sizes[-1]}"


if __name__ == "__main__":
    sys.exit(main())
