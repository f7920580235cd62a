"""Search within a compartment: R4 3.1.1.2 and 2.41.

``GET [base]/Patient/[id]/[type]?...`` searches what the compartment's definition counts to that patient (or encounter,
practitioner, device, related person); ``*`` stands for every type of it.
"""

from __future__ import annotations

from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.search import answer
from doorstep.rest.service import Service


def search(service: Service, request: Request) -> Response:
    """One page of a search in one compartment. Its owner must be there."""
    owner, id_, type_name = request.args
    if request.method == "POST":
        request.take_form(service)
    return answer(
        service, request, None if type_name == "*" else type_name, request.pairs, action="search-type",
        path=f"{owner}/{id_}/{type_name}", compartment=(owner, id_),
    )
