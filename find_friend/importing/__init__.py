"""Reads the tables of other packages, which need not be installed, and stores what they hold as ours."""
