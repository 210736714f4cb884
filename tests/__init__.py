"""Tests, against real things."""
