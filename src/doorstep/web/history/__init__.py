"""A resident's history on one page, for staff within their rights and for the resident in plain words."""
