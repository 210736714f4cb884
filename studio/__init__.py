"""Veo Studio: what makes a job survive and a video stay."""
