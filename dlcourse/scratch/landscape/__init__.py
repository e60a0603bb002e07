"""The ground under a model: how the loss curves, where it is flat, and how noisy its gradient is.

A loss here is a function of one vector ``theta`` (d,) or (runs, d); runs never mix.
"""

from dlcourse.scratch.landscape.noise import GradientNoise, gradient_noise, per_sample_gradients

__all__ = ["GradientNoise", "gradient_noise", "per_sample_gradients"]
