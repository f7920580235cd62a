"""The one way in which a build stops."""


class BuildFailure(Exception):
    """A build cannot go on; the message is one plain sentence for the person who builds."""
