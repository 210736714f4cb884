"""The studio for agents: the Model Context Protocol at ``/mcp`` and over standard input and output.

Needs requirements-agents.txt. Nothing outside of this folder imports ``mcp``.
"""
