"""The indicators, one file each; ``measures.library`` lists them."""
