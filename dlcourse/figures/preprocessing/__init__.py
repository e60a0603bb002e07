"""Figures of the chapter on preprocessing."""
