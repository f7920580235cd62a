"""What moves a person, a specimen or a decision between institutions: one file each, opening with its state table.

A workflow's state is its resource. A request resource and one coordinating Task stand for it; ``Task.businessStatus``
is the state, ``Task.owner`` the next actor, ``Task.restriction.period.end`` the deadline. Workflows do not import each
other; what several of them do in one transaction is a journey.
"""
