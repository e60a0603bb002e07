"""Exercises of the chapter on preprocessing: one file each."""
