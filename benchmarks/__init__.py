"""Figures about speed, printed and never asserted: what a machine happens to be doing is no property of the code."""
