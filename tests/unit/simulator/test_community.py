from __future__ import annotations

import json
import re

from simulator.community import invent
from simulator.geometry import distance_m

OFCOM_DRAMA = re.compile(r"\+447700900\d{3}")
NANPA_FICTION = re.compile(r"\+1[2-9]\d\d55501\d\d")


def test_the_same_seed_invents_the_same_community() -> None:
    assert invent(seed=7) == invent(seed=7)
    assert invent(seed=7) != invent(seed=8)


def test_a_larger_community_only_adds_people() -> None:
    assert invent(residents=200).residents[:50] == invent(residents=50).residents


def test_a_community_is_plain_json() -> None:
    community = invent(residents=20)
    assert json.loads(json.dumps(community.as_json()))["residents"][0]["device"] == "band-0001"


def test_every_phone_number_is_reserved_for_fiction() -> None:
    for person in invent(residents=700).residents:
        assert NANPA_FICTION.fullmatch(person.phone)
        assert all(OFCOM_DRAMA.fullmatch(contact.phone) for contact in person.contacts)


def test_two_hundred_residents_share_no_number_and_no_band() -> None:
    people = invent(residents=200).residents
    phones = [p.phone for p in people] + [c.phone for p in people for c in p.contacts]
    assert len(set(phones)) == len(phones)
    assert len({p.device for p in people}) == 200


def test_the_first_contact_is_the_daughter_and_there_are_one_or_two() -> None:
    people = invent(residents=200).residents
    assert all(p.contacts[0].relation == "daughter" and p.contacts[0].order == 1 for p in people)
    assert {len(p.contacts) for p in people} == {1, 2}


def test_homes_lie_inside_their_own_fence() -> None:
    for person in invent(residents=200).residents:
        circle, home = person.fence.circle, person.home
        if circle is not None:
            assert distance_m(circle["lat"], circle["lon"], home["lat"], home["lon"]) < circle["radius_m"]
        else:
            assert person.fence.polygon is not None
            assert len(person.fence.polygon) == 8


def test_a_community_is_written_in_one_language_and_lives_the_same_in_each() -> None:
    chinese, english = invent(residents=60), invent(residents=60, language="en")
    for community, word in ((chinese, re.compile(r"[\u4e00-\u9fff]")), (english, re.compile(r"[A-Za-z]"))):
        told = [community.name]
        for person in community.residents:
            told += [
                person.name,
                person.address["community"],
                person.fence.name,
                *(each.name for each in person.contacts),
            ]
        assert all(word.search(each) for each in told)
        assert {person.address["community"] for person in community.residents} == {community.name}
    assert not any(re.search(r"[\u4e00-\u9fff]", str(person)) for person in english.residents)
    assert [(each.home, each.birth_year) for each in chinese.residents] == [
        (each.home, each.birth_year) for each in english.residents
    ]
