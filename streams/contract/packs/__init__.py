"""Rule packs, the files of clocks and objectives, and the rulebook of an installation.

Start with rulebook.py.
Imports toml_reader and domain.
"""
