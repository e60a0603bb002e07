"""Twins of ``scratch.landscape``: ``torch.func`` and ``torch.linalg``."""

from dlcourse.reference.landscape.noise import GradientNoise, gradient_noise, per_sample_gradients

__all__ = ["GradientNoise", "gradient_noise", "per_sample_gradients"]
