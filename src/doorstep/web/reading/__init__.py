"""Pages of reading: traces and pictures, their reports, and what matched nothing."""
