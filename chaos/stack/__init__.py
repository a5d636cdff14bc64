"""Stacks to drill: processes of our own, and a keeper that outlives us and undoes everything."""
