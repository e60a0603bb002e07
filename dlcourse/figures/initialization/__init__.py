"""Figures of the chapter on initialization."""
