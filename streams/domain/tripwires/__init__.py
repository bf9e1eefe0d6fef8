"""Tripwires: patterns in what a platform tells that make its figures better than its deeds; see docs/integrity-checks.md."""
