"""What a newcomer meets: the demo's first page, its strip of steps, its clock, and beginning again."""
