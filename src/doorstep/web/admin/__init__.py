"""The directory as pages: institutions, departments, places, people, posts, centres, agreements, rules."""
