"""Opening a resident from another system of the institution, as its app: SMART App Launch 2.2 from the other side.

The launch grants nothing. Whoever is signed in here sees what they may see here; the other system only says whom it
means, and it is found by number alone.
"""
