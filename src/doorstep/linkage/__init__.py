"""Entries of the whole district that may be one person, found in a batch by a record-linkage library (splink).

Reads residents through the kernel and writes nothing: what follows of a pair is a command of ``workflows.duplicates``.
The model (``model.json``) is plain settings: comparison levels as SQL that DuckDB and Spark both read, with the
probabilities that were estimated once on synthetic people. Needs the extra ``doorstep[linkage]``.
"""
