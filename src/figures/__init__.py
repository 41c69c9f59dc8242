"""The tables of figures: each figure once, with its words, its unit and what it is made of.

The types of the schema, the loaders, the columns of reports and docs/reference/figures.md are made from them.
"""
