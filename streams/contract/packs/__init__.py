"""Rule packs: files of clocks and objectives.

Start with rulebook.py.
Imports toml_reader and domain.
"""
