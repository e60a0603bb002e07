"""What the twins cost on a device, beside the CPU and beside PyTorch used directly.

Wall time, for a device works beside the processor: it is waited for before and after each round.
Median of rounds, float32, the CPU's side on one thread. ``make gpu`` prints this behind the tests.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from benchmarks import peers
from dlcourse.reference import losses, models, optimizers

OPTIMIZERS = ("SGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW")
Job = Callable[[], object]


def where() -> str:
    """The device and the versions, without which a time means nothing."""
    python = sys.version.split()[0]
    return f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, Python {python}"


def report(device: str, sizes: Sequence[int] = (10**6, 10**7), runs: int = 1000) -> None:
    """Print the table; a dash where PyTorch has no such kernel."""
    for size in sizes:
        head(f"a step on {size:,} parameters", "÷ CPU", "÷ foreach", "÷ fused")
        for name in OPTIMIZERS:
            row(name, device, *optimizer_steps(name, size, device))
    head("a training step, Adam", "÷ CPU", "÷ nn fused")
    widths = (784, 256, 256, 10)
    twin, cpu = (training_step(widths, 128, None, place) for place in (device, "cpu"))
    theta = models.MLP(widths, np.random.default_rng(0), dtype=np.float32).theta.numpy()
    data = batch_of(widths, 128)
    _, direct = peers.alone(peers.perceptron(widths), theta, *data, fused=True, device=device)
    row("784-256-256-10, batch 128", device, twin, cpu, direct)
    head("runs at once, Adam", "÷ CPU", "÷ one run")
    widths = (64, 32, 10)
    one = training_step(widths, 32, None, device)
    for number in (runs // 10, runs):
        twin, cpu = (training_step(widths, 32, number, place) for place in (device, "cpu"))
        row(f"{number} times 64-32-10, batch 32", device, twin, cpu, one)


def head(name: str, *columns: str) -> None:
    """The first line of a table."""
    print(f"\n{name:34}{'twin':>13}{''.join(f'{column:>12}' for column in columns)}")


def row(name: str, device: str, twin: Job, cpu: Job, *others: Job | None) -> None:
    """The time of the twin, and what it is of the other ways' times."""
    mine = seconds(twin, device)
    ratios = [mine / seconds(cpu, "cpu")]
    ratios += [mine / seconds(job, device) if job else np.nan for job in others]
    told = ("-" if np.isnan(ratio) else f"{ratio:.3g}" for ratio in ratios)
    print(f"{name:34}{1e3 * mine:10.3f} ms{''.join(f'{one:>12}' for one in told)}", flush=True)


def seconds(job: Job, device: str, rounds: int = 7, at_least: float = 0.02) -> float:
    """Median wall time of a call, over rounds of so many calls that each is long enough."""
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)

    def timed(calls: int) -> float:
        wait()
        start = time.perf_counter()
        for _ in range(calls):
            job()
        wait()
        return time.perf_counter() - start

    calls = 1
    timed(calls)  # warms up
    while timed(calls) < at_least:
        calls *= 2
    return statistics.median(timed(calls) for _ in range(rounds)) / calls


def optimizer_steps(name: str, size: int, device: str) -> list[Job | None]:
    """A step of the twin there and on the CPU, and of ``torch.optim`` in its two fast ways."""
    chance = torch.Generator().manual_seed(0)
    theta, grad = (torch.randn(size, generator=chance) for _ in range(2))
    jobs: list[Job | None] = []
    for place in (device, "cpu"):
        twin, g = getattr(optimizers, name)(theta.to(place, copy=True)), grad.to(place)
        jobs.append(lambda twin=twin, g=g: twin.step(g))
    for way in ("foreach", "fused"):
        p = theta.to(device, copy=True).requires_grad_()
        p.grad = grad.to(device)
        try:
            direct = twin.torch_class([p], lr=twin.lr, **twin.torch_hyper(), **{way: True})
            direct.step()
        except (RuntimeError, TypeError):  # this optimizer has no such kernel
            jobs.append(None)
        else:
            jobs.append(direct.step)
    return jobs


def training_step(sizes: Sequence[int], batch: int, runs: int | None, device: str) -> Job:
    """A training step of the twins, all runs from different weights on one batch."""
    model = models.MLP(sizes, np.random.default_rng(0), runs=runs, dtype=np.float32, device=device)
    loss, opt = losses.SoftmaxCrossEntropy(), optimizers.Adam(model.theta)
    x, y = (torch.as_tensor(a, device=device) for a in batch_of(sizes, batch))

    def step() -> None:
        loss.forward(model.forward(x, training=True), y)
        model.backward(loss.backward(), input_grad=False)
        opt.step(model.grad)

    return step


def batch_of(sizes: Sequence[int], batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise in the shape of the data."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(batch, sizes[0])).astype(np.float32)
    return x, rng.integers(0, sizes[-1], batch)
