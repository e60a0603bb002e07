"""Bad input meets one clear error at the door, and nothing is changed by it."""

from __future__ import annotations

import re

import cases
import numpy as np
import pytest
import torch

from dlcourse.reference import optimizers as twins
from dlcourse.scratch.optimizers import SGD, Adam

SENTENCE = re.compile(r"^.+ must be .+; got .+\.( .+)?$", re.DOTALL)


@pytest.mark.parametrize("case", cases.ERRORS, ids=lambda case: case.id)
def test_error(case: cases.ErrorCase) -> None:
    with pytest.raises(case.error, match=case.message) as raised:
        case.call()
    assert type(raised.value) is case.error
    message = raised.value.args[0]
    assert "\n" not in message
    assert SENTENCE.match(message) or "used with" in message, message


def test_the_ids_of_the_table_are_unique() -> None:
    ids = [case.id for case in cases.ERRORS]
    assert len(ids) == len(set(ids))


def test_a_refused_step_changes_nothing() -> None:
    theta, other = np.ones(3), np.ones(3)
    optimizer = Adam([theta, other])
    optimizer.step([np.ones(3), np.ones(3)])
    before = optimizer.state_dict()
    kept = theta.copy()
    with pytest.raises(ValueError, match="finite at step 2"):
        optimizer.step([np.ones(3), np.array([0.0, np.nan, 0.0])])
    after = optimizer.state_dict()
    np.testing.assert_array_equal(theta, kept)
    assert after["t"] == before["t"] == 1
    for a, b in zip(after["state"], before["state"], strict=True):
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


def test_a_refused_state_changes_nothing() -> None:
    optimizer = Adam(np.ones(3), lr=0.1)
    optimizer.step(np.ones(3))
    before, other = optimizer.state_dict(), Adam(np.ones(3), lr=0.5).state_dict()
    with pytest.raises(ValueError, match=r"eps must be finite and >= 0; got -1"):
        optimizer.load_state_dict({**other, "hyper": {**other["hyper"], "eps": -1}})
    after = optimizer.state_dict()
    assert (after["t"], after["hyper"]) == (1, before["hyper"])
    for name, array in before["state"][0].items():
        np.testing.assert_array_equal(after["state"][0][name], array)


def test_a_grid_is_taken_over_by_an_optimizer_without_one() -> None:
    """The runs axis comes with the hyper-parameters, whichever of them has it."""
    p, g = np.ones((2, 3)), np.array([[1.0, 2.0, 3.0], [-20.0, 30.0, -40.0]])
    grid = SGD(p, lr=0.1, momentum=np.array([[0.5], [0.9]]))
    grid.step(g)
    plain = SGD(q := p.copy(), lr=0.7, momentum=0.1)
    plain.step(0 * g)  # has made its pass over flat parameters already
    plain.load_state_dict(grid.state_dict())
    grid.step(g)
    plain.step(g)
    np.testing.assert_array_equal(p, q)


TWIN_ERRORS = [
    (
        lambda t: t.SGD(torch.arange(3)),
        TypeError,
        r"params\[0\] must be a tensor of float64 or float32",
    ),
    (lambda t: t.SGD(3.0), TypeError, "params must be a tensor or a sequence of tensors; got 3.0"),
    (lambda t: t.SGD([]), ValueError, "params must be at least one tensor"),
    (lambda t: t.SGD(torch.ones(3, 4).T), ValueError, r"params\[0\] must be C-contiguous"),
    (lambda t: t.SGD(torch.ones(3), lr=-0.1), ValueError, r"lr must be finite and >= 0; got -0.1"),
    (lambda t: t.Adam(torch.ones(3), betas=0.9), TypeError, "betas must be a pair"),
    (
        lambda t: t.Adam(torch.ones(3), betas=(1.0, 0.9)),
        ValueError,
        r"betas\[0\] must be in \[0, 1",
    ),
    (
        lambda t: t.AdamW(torch.ones(3), betas=(0.9, 1.0)),
        ValueError,
        r"betas\[1\] must be in \[0, ",
    ),
    (lambda t: t.Adam(torch.ones(3)).step(torch.ones(4)), ValueError, r"grads\[0\] must be shaped"),
    (lambda t: t.Adam(torch.ones(3)).step([]), ValueError, "grads must be 1 tensors"),
    (lambda t: t.Adam(torch.ones(2)).step(torch.tensor([1, 2])), TypeError, "a float tensor"),
    (
        lambda t: t.Adam(torch.ones(2)).step(torch.tensor([1.0, np.nan])),
        ValueError,
        r"grads\[0\] must be finite at step 1; got nan\. Nothing was changed",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), TWIN_ERRORS)
def test_the_twins_say_the_same(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call(twins)


def test_a_large_finite_gradient_is_no_error() -> None:
    theta = np.ones(3)
    SGD(theta, lr=1e-160).step(np.full(3, 1e160))  # its square overflows, the check must not
    np.testing.assert_allclose(theta, 0, atol=1e-12)
