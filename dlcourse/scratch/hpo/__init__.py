"""Hyper-parameter optimization: what to try next, when to stop a trial, how to run many and lose none."""
