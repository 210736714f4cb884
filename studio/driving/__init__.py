"""What moves jobs on: one step, and the drivers that call it on one machine or many."""
