"""The way in: who may enter, what each may do, and what leaves by an explicit link."""
