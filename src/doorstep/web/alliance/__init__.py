"""Pages of the alliance's managers: what stands out this month, each figure with its rows, questions, frozen months."""
