"""Pages for people: Django templates, htmx and a little script over the commands and questions of the workflows."""
