"""Exercises of the chapter on choosing hyper-parameters: one file each."""
