"""The pages of a ward: its beds, a stay, the way home."""
