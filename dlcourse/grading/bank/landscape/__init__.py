"""Exercises of the chapter on the landscape: one file each."""
