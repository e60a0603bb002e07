"""Exercises of the chapter on normalization: one file each."""
