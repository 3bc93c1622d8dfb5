"""Ratios against what a user would run instead: both sides in turn, in one run."""
