"""Exercises of the chapter on optimizers: one file each."""
