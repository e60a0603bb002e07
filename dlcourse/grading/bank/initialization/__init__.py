"""Exercises of the chapter on initialization: one file each."""
