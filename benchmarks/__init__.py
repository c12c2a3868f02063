"""Figures about speed, printed and never asserted: what a machine happens to be doing is no property of the code.

`make bench` runs all of it, in about a minute. Figures that are compared come from one run and are taken in turns, so that their
ratio holds on a busy machine too; of several measurements the least counts, because what is above it is the machine's.
"""
