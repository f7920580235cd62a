"""Pages of the laboratory: taking specimens, boxes on their way, the bench, and what laboratory systems send."""
