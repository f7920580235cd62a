"""The alliance's figures: flat views of the record in columnar files, one file an indicator, figures with rows."""
