"""Exercises of the chapter on regularization: one file each."""
