"""What the doors of penalties, early stopping, soft labels and calibration refuse."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from cases.kinds import ErrorCase
from dlcourse.scratch import regularization as room
from dlcourse.scratch.models import MLP
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.scratch.optimizers import SGD

W, X, Y = np.ones(4), np.arange(12.0).reshape(6, 2) ** 2, np.arange(6.0)
P, LABELS = np.array([[0.75, 0.25], [0.5, 0.5], [0.2, 0.8]]), np.array([0, 1, 0])


def _model(runs: int | None = None) -> MLP:
    return MLP([2, 3, 1], np.random.default_rng(0), runs=runs)


def _penalized(penalty: Any) -> None:
    room.Penalized(SGD(np.ones(4)), penalty).step(np.ones(4))


def _sgd(*shape: int) -> SGD:
    return SGD(np.ones(shape or 4))


def _stopped(*values: Any, theta: Any = None, buffers: Any = (None, None)) -> room.EarlyStopping:
    stopping = room.EarlyStopping(2)
    for value, state in zip(values, buffers, strict=False):
        stopping.update(value, np.ones((2, 3)) if theta is None else theta, state)
    return stopping


def _watched(metric: str) -> None:
    epoch = SimpleNamespace(history={"train_loss": np.ones(1)}, model=_model())
    room.EarlyStopping(2).callback(metric)(epoch)


ERRORS = [
    ErrorCase("a negative coefficient", lambda: room.l1_penalty(W, -0.1), ValueError, r"coef must be finite and >= 0; got -0\.1"),
    ErrorCase("a coefficient that is nan", lambda: room.l2_penalty(W, np.nan), ValueError, r"coef must be finite and >= 0; got nan"),
    ErrorCase("one negative of several coefficients", lambda: room.l2_penalty(W, [1, 1, -2, 1]), ValueError, r"coef must be finite and >= 0; got -2"),
    ErrorCase("a coefficient of words", lambda: room.l2_penalty(W, "large"), TypeError, r"coef must be a number or an array of numbers"),
    ErrorCase("as many coefficients as runs in a row", lambda: room.l1_penalty(np.ones((2, 4)), [0.1, 0.2]), ValueError, r"coef must be a number or an array that broadcasts to \(2, 4\); got .* write coef\[:, None\]"),
    ErrorCase("coefficients of more runs than theta has", lambda: room.l1_penalty(W, np.ones((2, 1))), ValueError, r"coef must be a number or an array that broadcasts to \(4,\)"),
    ErrorCase("a penalty of a list", lambda: room.l1_penalty([1.0], 0.1), TypeError, r"theta must be an array of floats; got \[1\.0\]"),
    ErrorCase("a penalty of integers", lambda: room.l2_penalty(np.ones(3, int), 0.1), TypeError, r"theta must be an array of floats"),
    ErrorCase("a penalty of half precision", lambda: room.l2_penalty(np.ones(3, np.float16), 0.1), TypeError, r"theta must be of float64 or float32; got 'float16'"),
    ErrorCase("a penalty of a number", lambda: room.l2_penalty(np.array(3.0), 0.1), ValueError, r"theta must be shaped \(d,\) or \(runs, d\); got array\(3\.\)"),
    ErrorCase("more than all of L1", lambda: room.elastic_net(W, 0.1, 1.5), ValueError, r"l1_ratio must be in \[0, 1\]; got 1\.5"),
    ErrorCase("a negative threshold", lambda: room.soft_threshold(W, -1.0), ValueError, r"threshold must be finite and >= 0; got -1"),
    ErrorCase("a proximal step backwards", lambda: room.elastic_net_prox(W, -0.1, 1.0, 1.0), ValueError, r"step must be finite and >= 0"),
    ErrorCase("a coefficient of a layer that is not there", lambda: room.coefficients(_model(), 0.1, **{"1": 0.2}), ValueError, r"a layer's place must be one of 0, 2; got '1'\. Write coefficients"),
    ErrorCase("coefficients in a mapping", lambda: room.coefficients(_model(), 0.1, layers={"0": 0.2}), ValueError, r"a layer's place must be one of 0, 2; got 'layers'\. Write .*\*\*\{'0': 1e-2\}"),
    ErrorCase("a negative coefficient of a layer", lambda: room.coefficients(_model(), 0.1, **{"0": -1.0}), ValueError, r"layers\['0'\] must be finite and >= 0; got -1"),
    ErrorCase("coefficients of other runs", lambda: room.coefficients(_model(2), np.ones((3, 1))), ValueError, r"coef must be a number or an array that broadcasts to \(2, 1\)"),
    ErrorCase("no optimizer inside", lambda: room.Decayed(np.ones(3), 0.1), TypeError, r"optimizer must be an optimizer, as SGD\(model\.theta\)"),
    ErrorCase("negative decay", lambda: room.Decayed(_sgd(), -0.1), ValueError, r"coef must be finite and >= 0; got -0\.1"),
    ErrorCase("decay of other runs", lambda: room.Decayed(_sgd(2, 4), np.ones(2)), ValueError, r"coef must be .* broadcasts to \(2, 4\)"),
    ErrorCase("a proximal optimizer of l1_ratio 2", lambda: room.Proximal(_sgd(), 0.1, 2.0), ValueError, r"l1_ratio must be in \[0, 1\]; got 2"),
    ErrorCase("a number for a penalty", lambda: room.Penalized(_sgd(), 0.1), TypeError, r"penalty must be a function of theta that returns \(value, grad\); got 0\.1"),
    ErrorCase("a penalty without a gradient", lambda: _penalized(lambda w: w.sum()), ValueError, r"penalty must be a function of theta that returns \(value, grad\); got .*\. As l2_penalty"),
    ErrorCase("a penalty whose gradient is a number", lambda: _penalized(lambda w: (1.0, 0.1)), ValueError, r"penalty must be a function whose gradient is shaped as theta, \(4,\); got 0\.1"),
    ErrorCase("gradients of other runs under a penalty", lambda: room.Penalized(_sgd(2, 4), lambda w: (0.0, w)).step(np.ones(4)), ValueError, r"grads\[0\] must be shaped as its parameter, \(2, 4\)"),
    ErrorCase("too few gradients under a penalty", lambda: room.Penalized(_sgd(), lambda w: (0.0, w)).step([]), ValueError, r"grads must be 1, one a parameter; got 0"),
    ErrorCase("no coefficients for a path", lambda: room.elastic_net_path(X, Y, [], 0.5), ValueError, r"coefs must be a list or an array \(m,\) of at least one number"),
    ErrorCase("one coefficient for a path", lambda: room.elastic_net_path(X, Y, 0.1, 0.5), ValueError, r"coefs must be a list or an array \(m,\)"),
    ErrorCase("a negative coefficient of a path", lambda: room.elastic_net_path(X, Y, [0.1, -0.1], 0.5), ValueError, r"coefs must be finite and >= 0; got -0\.1"),
    ErrorCase("an l1_ratio a run", lambda: room.elastic_net_path(X, Y, [0.1], [0.1, 0.5]), ValueError, r"l1_ratio must be a number, the same for all runs"),
    ErrorCase("a path without tolerance", lambda: room.elastic_net_path(X, Y, [0.1], 0.5, tol=0.0), ValueError, r"tol must be finite and > 0; got 0"),
    ErrorCase("a path more exact than numbers are", lambda: room.elastic_net_path(X, Y, [0.1], 0.5, tol=1e-300), ValueError, r"x must be such that 5000 sweeps suffice; got '\d open'\. Scale the columns"),
    ErrorCase("a regression of nan", lambda: room.ridge(X * np.nan, Y, 0.1), ValueError, r"x must be finite; got nan"),
    ErrorCase("targets of infinity", lambda: room.ridge(X, np.full(6, np.inf), 0.1), ValueError, r"y must be finite; got inf"),
    ErrorCase("targets in a column", lambda: room.ridge(X, Y[:, None], 0.1), ValueError, r"y must be shaped \(6,\), one number a sample of x; got .*\(6, 1\)"),
    ErrorCase("no samples to regress", lambda: room.ridge(X[:0], Y[:0], 0.1), ValueError, r"x must be without an axis of length 0"),
    ErrorCase("whole numbers to regress", lambda: room.ridge(X.astype(int), Y, 0.1), TypeError, r"x must be an array of floats"),
    ErrorCase("ridge of negative coef", lambda: room.ridge(X, Y, -1.0), ValueError, r"coef must be finite and >= 0; got -1"),
    ErrorCase("ridge of coefs in two axes", lambda: room.ridge(X, Y, np.ones((2, 1))), ValueError, r"coef must be a number or an array \(m,\)"),
    ErrorCase("least squares of a column twice", lambda: room.ridge(X[:, [0, 0]], Y, [0.1, 0.0]), ValueError, r"coef must be > 0 where x has rank 1 and 2 columns; got 0\.0\. Without a penalty"),
    ErrorCase("no patience", lambda: room.EarlyStopping(0), ValueError, r"patience must be >= 1; got 0"),
    ErrorCase("half a patience", lambda: room.early_stop([1.0], 2.5), TypeError, r"patience must be an integer; got 2\.5"),
    ErrorCase("a negative min_delta", lambda: room.EarlyStopping(2, -0.1), ValueError, r"min_delta must be finite and >= 0; got -0\.1"),
    ErrorCase("a min_delta a run", lambda: room.EarlyStopping(2, [0.1, 0.2]), ValueError, r"min_delta must be a number, the same for all runs"),
    ErrorCase("a value that is none", lambda: _stopped(None), TypeError, r"value must be a number or an array \(runs,\) of numbers; got None"),
    ErrorCase("values in two axes", lambda: _stopped(np.ones((2, 1))), TypeError, r"value must be a number or an array \(runs,\)"),
    ErrorCase("values of no run", lambda: _stopped(np.ones(0)), TypeError, r"value must be a number or an array \(runs,\)"),
    ErrorCase("values of other runs than before", lambda: _stopped(np.ones(2), 1.0), ValueError, r"value must be shaped \(2,\) as before; got 1\.0"),
    ErrorCase("weights of other runs", lambda: _stopped(np.ones(3)), ValueError, r"theta must be shaped \(3, \.\.\.\), one entry a run; got .*\(2, 3\)"),
    ErrorCase("weights that are a list", lambda: _stopped(1.0, theta=[1.0]), TypeError, r"theta must be an array; got \[1\.0\]"),
    ErrorCase("buffers of other runs", lambda: _stopped(np.ones(2), buffers=[{"m": np.ones(3)}]), ValueError, r"m must be shaped \(2, \.\.\.\), one entry a run"),
    ErrorCase("buffers that were there before", lambda: _stopped(1.0, 1.0, buffers=[{"m": np.ones(3)}, None]), ValueError, r"buffers must be m as before; got \[\]"),
    ErrorCase("buffers that were not there before", lambda: _stopped(1.0, 1.0, buffers=[None, {"m": np.ones(3)}]), ValueError, r"buffers must be none as before; got \['m'\]"),
    ErrorCase("to restore what was never seen", lambda: room.EarlyStopping(2).restore(_model()), RuntimeError, r"restore must be called after update; got 'nothing kept'"),
    ErrorCase("to restore another model", lambda: _stopped(np.ones(2)).restore(_model(2)), ValueError, r"theta must be shaped \(2, 3\) as in the model watched; got .*\(2, 13\)"),
    ErrorCase("to restore without its buffers", lambda: _stopped(1.0).restore(SimpleNamespace(theta=np.ones((2, 3)), buffers=BatchNorm(3).buffers)), ValueError, r"the buffers kept must be running_mean, .*; got \[\]\. Pass buffers=model\.buffers"),
    ErrorCase("to watch what is not measured", lambda: _watched("val_loss"), ValueError, r"metric must be one of 'train_loss'; got 'val_loss'\. Pass val=\(x, y\) to fit\."),
    ErrorCase("to watch what is misspelled", lambda: _watched("train_los"), ValueError, r"metric must be one of 'train_loss'; got 'train_los'\. Did you mean 'train_loss'"),
    ErrorCase("a curve of no epochs", lambda: room.early_stop([], 2), ValueError, r"losses must be shaped \(epochs,\) or \(epochs, runs\), of an epoch or more"),
    ErrorCase("a curve in three axes", lambda: room.early_stop(np.ones((3, 2, 2)), 2), ValueError, r"losses must be shaped \(epochs,\) or \(epochs, runs\)"),
    ErrorCase("a curve of words", lambda: room.early_stop(["a"], 2), TypeError, r"losses must be an array of numbers"),
    ErrorCase("more than all of a label", lambda: room.smooth_labels(P, 1.1), ValueError, r"alpha must be in \[0, 1\]; got 1\.1"),
    ErrorCase("less than nothing of a label", lambda: room.SmoothedCrossEntropy(-0.1), ValueError, r"alpha must be in \[0, 1\]; got -0\.1"),
    ErrorCase("a loss of alphas", lambda: room.SmoothedCrossEntropy([0.1, 0.2]), ValueError, r"alpha must be a number, the same for all runs"),
    ErrorCase("labels that add up to 2", lambda: room.smooth_labels(2 * P, 0.1), ValueError, r"onehot must be probabilities that add up to 1 over the last axis; got 2\.0\. Pass one-hot rows"),
    ErrorCase("labels below zero", lambda: room.smooth_labels(np.array([1.5, -0.5]), 0.1), ValueError, r"onehot must be probabilities >= 0; got -0\.5"),
    ErrorCase("labels of nan", lambda: room.smooth_labels(np.array([1.0, np.nan]), 0.1), ValueError, r"onehot must be probabilities >= 0; got nan"),
    ErrorCase("class numbers to be smoothed", lambda: room.smooth_labels(np.array([0, 1, 2]), 0.1), ValueError, r"onehot must be probabilities that add up to 1"),
    ErrorCase("a list of labels to be smoothed", lambda: room.smooth_labels([0.5, 0.5], 0.1), TypeError, r"onehot must be an array; got \[0\.5, 0\.5\]"),
    ErrorCase("soft targets that are no distribution", lambda: room.SmoothedCrossEntropy(0.1).forward(P, 3 * P), ValueError, r"target must be probabilities that add up to 1 .*; got 3\.0"),
    ErrorCase("a label of no class to be smoothed", lambda: room.SmoothedCrossEntropy(0.1).forward(P, np.array([0, 1, 2])), ValueError, r"labels must be in 0 \.\. 1; got 2"),
    ErrorCase("soft labels before any", lambda: room.SmoothedCrossEntropy(0.1).backward(), RuntimeError, r"backward must be called after forward"),
    ErrorCase("logits for probabilities", lambda: room.calibration_error(np.log(P), LABELS), ValueError, r"probabilities must be probabilities >= 0"),
    ErrorCase("probabilities of one sample alone", lambda: room.reliability(P[0], LABELS), ValueError, r"probabilities must be shaped \(\.\.\., n, k\)"),
    ErrorCase("no bins", lambda: room.reliability(P, LABELS, 0), ValueError, r"bins must be >= 1; got 0"),
    ErrorCase("too few labels", lambda: room.calibration_error(P, LABELS[:2]), ValueError, r"labels must be shaped \(3,\), one a sample"),
    ErrorCase("labels of other runs", lambda: room.nll(np.log(np.stack([P, P])), np.zeros((3, 3), int)), ValueError, r"labels must be shaped \(3,\) or \(2, 3\), one a sample"),
    ErrorCase("one-hot labels for calibration", lambda: room.reliability(P, np.eye(2)[LABELS]), TypeError, r"labels must be an array of integers"),
    ErrorCase("a label of no class", lambda: room.nll(np.log(P), np.array([0, 1, 2])), ValueError, r"labels must be in 0 \.\. 1; got 2"),
    ErrorCase("an empty validation set", lambda: room.fit_temperature(P[:0], LABELS[:0]), ValueError, r"logits must be without an axis of length 0"),
    ErrorCase("logits that are not finite", lambda: room.fit_temperature(P * np.inf, LABELS), ValueError, r"logits must be finite; got inf"),
    ErrorCase("a temperature of a network that is always right", lambda: room.fit_temperature(np.log(P[[0, 2]]), np.array([0, 1])), ValueError, r"logits must be wrong for some sample, in every run; got 'none wrong'\. Every label"),
    ErrorCase("a temperature of a network that is mostly wrong", lambda: room.fit_temperature(np.log(P), np.array([1, 0, 0])), ValueError, r"logits must be larger at the labels than on average; got '0\.\d+ smaller'"),
]  # fmt: skip
