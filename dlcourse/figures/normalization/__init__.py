"""Figures of the chapter on normalization."""
