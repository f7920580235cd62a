"""Given a Task about nobody's record, when its page or preview is opened, then it says what is asked, and acts work."""

from doorstep.kernel.refs import Actor
from doorstep.workflows import exporting
from tests.web.conftest import Site

ASKER = Actor("Practitioner/luodan", "public-health", "Organization/shiqiao", "PUBHLTH", "luodan")


def test_a_task_about_nobody_opens_like_any_other(site: Site) -> None:
    task = site.store.run(ASKER, exporting.ask, job="job-1", purpose="chronic disease", count=900, types="Patient").id
    doctor = site.enter("zhangmin")
    page = doctor.get(f"/t/{task}/")
    assert (page.status, "banner-name" in page.text) == (200, False)
    assert "罗丹" in page.text and doctor.get(f"/t/{task}/preview/").status == 200
