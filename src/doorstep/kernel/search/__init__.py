"""Search, complete R4 (3.1.1): parameters -> a Query -> SQL text of our own -> a Page.

``parse`` is pure and refuses what it does not understand, with the parameter named. ``plan`` gives the statement of a
query, ``run`` asks it. The text of a statement depends on the query's shape alone: what a client wrote is only ever
bound. Every use of the table ``resource`` goes through ``access.scoped`` (``sql.Build.resource``). The bounds are in
``limits``.
"""

from doorstep.kernel.search import limits
from doorstep.kernel.search.everything import everything
from doorstep.kernel.search.lastn import lastn
from doorstep.kernel.search.model import Include, Page, Query, Row, Statement
from doorstep.kernel.search.parse import CURSOR, parse
from doorstep.kernel.search.run import plan, run
from doorstep.kernel.search.terms import DefinitionTerms, Terms

__all__ = [
    "CURSOR",
    "DefinitionTerms",
    "Include",
    "Page",
    "Query",
    "Row",
    "Statement",
    "Terms",
    "everything",
    "lastn",
    "limits",
    "parse",
    "plan",
    "run",
]
