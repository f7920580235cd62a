"""Given somebody at the desk, when they are new, then they are registered once, by whoever was first, and never twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from doorstep.demo.stage import actor
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms.identifiers import identity_check
from doorstep.workflows import arrivals, identity, registration, relations
from doorstep.workflows.registration import Newcomer
from tests.district import DOCTOR, STRANGER, TECHNICIAN, who

NURSE = actor("wangfang")
SON, DAUGHTER = "male", "female"


def number(born: str = "19880704", order: int = 123, area: str = "509900") -> str:
    first17 = f"{area}{born}{order:03d}"
    return first17 + identity_check(first17)


def registered(store: Store, person: Newcomer, by: Actor = NURSE) -> str:
    return registration.run_once(store, by, registration.register, person=person).id


def patient(store: Store, id_: str) -> dict:
    with store.snapshot(SYSTEM) as reads:
        return reads.read("Patient", id_)


def refused(store: Store, person: Newcomer, by: Actor = NURSE) -> dict[str, str]:
    with pytest.raises(Refusal) as refusal:
        registered(store, person, by)
    return {issue.element: issue.key for issue in refusal.value.issues}


def test_a_newcomer_is_what_the_number_says(district: Store) -> None:
    made = patient(district, registered(district, Newcomer("单雄信", number=number().lower(), phone="126 9999 0001")))
    assert (made["birthDate"], made["gender"], made["active"]) == ("1988-07-04", "male", True)
    assert made["name"] == [{"use": "official", "text": "单雄信", "family": "单", "given": ["雄信"]}]
    assert made["identifier"][0]["value"] == number()
    assert made["managingOrganization"] == {"reference": "Organization/shiqiao"}


def test_an_old_number_of_fifteen_digits_is_kept_as_its_eighteen(district: Store) -> None:
    old = "509900600101123"
    made = patient(district, registered(district, Newcomer("张三", number=old)))
    assert made["identifier"][0]["value"] == number("19600101")
    assert refused(district, Newcomer("张三", number=number("19600101"))) == {"number": "persons.known"}


def test_an_area_that_was_never_given_out_is_not_judged(district: Store) -> None:
    assert registered(district, Newcomer("张三", number=number(area="999999")))


@pytest.mark.parametrize(("person", "wrong"), [
    (Newcomer("张三"), {"number": "persons.number-needed"}),
    (Newcomer("张三", number=number()[:17] + "0"), {"number": "terms.identity-check"}),
    (Newcomer("张三", number=number("19880231")), {"number": "terms.identity-date"}),
    (Newcomer("张三", number=number("20990101")), {"number": "terms.identity-date"}),
    (Newcomer("", number=number()), {"name": "persons.name-needed"}),
    (Newcomer("张?", number=number()), {"name": "persons.name-unreadable"}),
    (Newcomer("张\ue000", number=number()), {"name": "persons.name-unreadable"}),
    (Newcomer("张\U00030edd", number=number()), {"pinyin": "persons.pinyin-needed"}),
    (Newcomer("张三", number=number(), born="1988-07-05"), {"born": "persons.born-differs"}),
    (Newcomer("张三", number=number(), sex="female"), {"sex": "persons.sex-differs"}),
    (Newcomer("Ann Lee", "03", "E1234567"), {"born": "persons.born-needed", "sex": "persons.sex-needed"}),
    (Newcomer("Ann Lee", "03", "!"), {"number": "terms.document-shape"}),
    (Newcomer("Ann Lee", "88", "E1234567"), {"number": "terms.document-kind"}),
    (Newcomer("Ann Lee", "03", "E1234567", born="1700-01-01", sex="x"), {"born": "persons.born-shape", "sex": "persons.sex-needed"}),
])
def test_what_is_wrong_is_named_box_by_box(district: Store, person: Newcomer, wrong: dict[str, str]) -> None:
    assert refused(district, person) == wrong


def test_a_rare_character_is_kept_with_its_sound_and_found_by_it(district: Store) -> None:
    id_ = registered(district, Newcomer("张\U00030edd", number=number(), pinyin="Zhang Biang"))
    assert patient(district, id_)["name"][1]["text"] == "Zhang Biang"
    with district.snapshot(NURSE) as reads:
        assert [each["id"] for each in reads.search("Patient", [("name", "zhang biang")])] == [id_]


def test_another_document_is_unique_of_its_kind(district: Store) -> None:
    lee = Newcomer("Ann Lee", "03", "e12 34567", born="1990-01-02", sex="female")
    id_ = registered(district, lee)
    assert refused(district, Newcomer("Bob Lee", "03", "E1234567", born="1991-01-02", sex="male")) == {"number": "persons.known"}
    found = identity.by_document(district, DOCTOR, kind="03", number="E1234567")
    assert found and found.id == id_


def test_somebody_of_another_institution_is_not_registered_again(district: Store) -> None:
    assert refused(district, Newcomer(who().name, number=who().number), STRANGER) == {"number": "persons.known"}


def test_of_two_desks_at_once_one_registers(district: Store) -> None:
    desks = [NURSE, DOCTOR, STRANGER, actor("liting")] * 2

    def one(by: Actor) -> str:
        try:
            return registered(district, Newcomer("赵一", number=number()), by)
        except Conflict as conflict:
            return conflict.key

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, desks))
    assert answers.count("persons.known") == 7
    with district.snapshot(SYSTEM) as reads:
        assert len(reads.search("Patient", [("identifier", number())])) == 1


def test_without_the_key_two_desks_would_make_two(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: both have looked before either has written."""
    monkeypatch.setattr(registration, "taken", lambda *given, **named: None)
    made = {registered(district, Newcomer("赵一", number=number()), by) for by in (NURSE, STRANGER)}
    assert len(made) == 2


def test_who_does_not_register_people_is_refused(district: Store) -> None:
    assert refused(district, Newcomer("赵一", number=number()), TECHNICIAN) == {"": "persons.not-your-desk"}


def test_a_newborn_is_registered_once_by_mother_and_order_and_its_mother_may_read(district: Store) -> None:
    mother = registered(district, Newcomer("赵一", number=number(order=124), phone="12699990002"))
    born = date.fromisoformat("2026-11-01")
    today = _today(district, born)
    made = district.run(NURSE, arrivals.newborn, mother=f"Patient/{mother}", order="1", born=today, sex=SON)
    child = patient(district, made.id)
    assert (child["name"][0]["text"], child["multipleBirthInteger"], child["telecom"][0]["value"]) == ("赵一之子1", 1, "12699990002")
    with pytest.raises(Refusal) as again:
        district.run(NURSE, arrivals.newborn, mother=f"Patient/{mother}", order="1", born=today, sex=SON)
    assert again.value.key == "persons.known"
    twin = district.run(NURSE, arrivals.newborn, mother=f"Patient/{mother}", order="2", born=today, sex=DAUGHTER)
    assert twin.id != made.id
    with district.snapshot(Actor(f"Patient/{mother}", "resident", "", "PATRQT")) as reads:
        assert reads.exists("Patient", made.id) and reads.exists("Patient", twin.id)
        assert {each.resident for each in relations.of_person(reads, person=f"Patient/{mother}")} == {
            f"Patient/{made.id}", f"Patient/{twin.id}"}


@pytest.mark.parametrize(("given", "box"), [
    ({"order": "0"}, "order"), ({"order": "x"}, "order"), ({"born": "2019-01-01"}, "born"), ({"sex": ""}, "sex"),
])
def test_a_newborn_that_cannot_be_is_refused_by_box(district: Store, given: dict[str, str], box: str) -> None:
    mother = registered(district, Newcomer("赵一", number=number(order=124)))
    known = {"order": "1", "born": _today(district, date(2026, 11, 1)), "sex": SON} | given
    with pytest.raises(Invalid) as refusal:
        district.run(NURSE, arrivals.newborn, mother=f"Patient/{mother}", **known)
    assert refusal.value.elements == (box,)


def test_somebody_unnamed_has_a_temporary_number_and_two_who_answer_for_it(district: Store) -> None:
    made = district.run(NURSE, arrivals.unnamed, sex="male", age="60", note="路人送来，昏迷，无证件", witness=DOCTOR.person)
    found = patient(district, made.id)
    assert (found["identifier"][0]["value"][0], found["name"][0]["use"]) == ("T", "temp")
    with district.snapshot(NURSE) as reads:
        (told,) = reads.search("Provenance", [("target", f"Patient/{made.id}")])
    assert [agent["who"]["reference"] for agent in told["agent"]] == [NURSE.person, DOCTOR.person]
    assert told["reason"][0]["text"].startswith("路人")


@pytest.mark.parametrize(("given", "key"), [
    ({"witness": NURSE.person}, "persons.witness-self"), ({"witness": ""}, "persons.witness-needed"),
    ({"witness": STRANGER.person}, "persons.witness-elsewhere"), ({"note": "昏迷"}, "persons.note-needed"),
    ({"age": "old"}, "persons.age-shape"),
])
def test_one_person_alone_cannot_make_an_unnamed_patient(district: Store, given: dict[str, str], key: str) -> None:
    known = {"sex": "male", "note": "路人送来，昏迷，无证件", "witness": DOCTOR.person} | given
    with pytest.raises(Refusal) as refusal:
        district.run(NURSE, arrivals.unnamed, **known)
    assert refusal.value.key == key


def test_an_unnamed_patient_gets_their_name_unless_the_number_is_somebodys(district: Store) -> None:
    made = district.run(NURSE, arrivals.unnamed, sex="male", note="路人送来，昏迷，无证件", witness=DOCTOR.person)
    reference = f"Patient/{made.id}"
    with pytest.raises(Conflict) as known:
        district.run(NURSE, arrivals.named, resident=reference, person=Newcomer(who().name, number=who().number))
    assert known.value.key == "persons.known"
    district.run(NURSE, arrivals.named, resident=reference, person=Newcomer("钱二", number=number()))
    found = patient(district, made.id)
    assert (identity.name_of(found), [each["use"] for each in found["identifier"]]) == ("钱二", ["official", "old"])
    with pytest.raises(Conflict):
        district.run(NURSE, arrivals.named, resident=reference, person=Newcomer("钱二", number=number(order=321)))


def _client(resource: dict, id_: str = "") -> Tx:
    def write(tx: Tx) -> str:
        id_ = registration.admit_client_patient(tx, resource)
        return tx.create(resource, id=id_).id
    return write


def test_a_clients_patient_goes_through_the_same_gate(district: Store) -> None:
    new = {"resourceType": "Patient", "identifier": [{"system": registration.systems.IDENTITY_NUMBER, "value": number()}],
           "name": [{"text": "孙三"}]}
    assert patient(district, district.run(DOCTOR, _client(new)))["identifier"] == new["identifier"]
    with pytest.raises(Conflict):
        district.run(STRANGER, _client(new))
    for wrong, key in (({**new, "identifier": [{"system": registration.systems.IDENTITY_NUMBER, "value": "1"}]}, "terms.identity-shape"),
                       ({"resourceType": "Patient"}, "persons.identifier-needed"),
                       ({**new, "link": [{"other": {"reference": f"Patient/{who().id}"}, "type": "seealso"}]}, "persons.link-by-merge")):
        with pytest.raises(Refusal) as refusal:
            district.run(DOCTOR, _client(wrong))
        assert refusal.value.key == key
    with pytest.raises(Forbidden):
        district.run(TECHNICIAN, _client(new))


def test_a_clients_change_takes_no_number_of_somebody_else_and_no_link(district: Store) -> None:
    id_ = registered(district, Newcomer("赵一", number=number()))
    before = patient(district, id_)
    stolen = {**before, "identifier": [{"system": registration.systems.IDENTITY_NUMBER, "value": who().number}]}
    with pytest.raises(Conflict):
        district.run(NURSE, registration.changed_client_patient, before, stolen)
    with pytest.raises(Forbidden):
        district.run(NURSE, registration.changed_client_patient, before, {**before, "active": False})
    district.run(NURSE, registration.changed_client_patient, before, {**before, "telecom": []})


def _today(store: Store, default: date) -> str:
    from doorstep.workflows.coordination import day

    return day(store.clock.now()).isoformat()
