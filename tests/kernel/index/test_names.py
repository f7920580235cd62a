"""Given names, when they become rows, then a Chinese name is found by pieces and by its sound, surname read as a surname."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel import names
from doorstep.kernel.index import strings


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("单雄信", "shanxiongxin"),
        ("曾国藩", "zengguofan"),
        ("仇英", "qiuying"),
        ("解缙", "xiejin"),
        ("查良镛", "zhaliangyong"),
        ("任盈盈", "renyingying"),
        ("区小明", "ouxiaoming"),
        ("朴槿惠", "piaojinhui"),
        ("盖叫天", "gejiaotian"),
        ("覃海洋", "qinhaiyang"),
        ("翟志刚", "zhaizhigang"),
        ("缪昌文", "miaochangwen"),
        ("尉迟恭", "yuchigong"),
        ("欧阳修", "ouyangxiu"),
        ("上官婉儿", "shangguanwaner"),
        ("长孙无忌", "zhangsunwuji"),
        ("万俟卨", "moqixie"),
        ("令狐冲", "linghuchong"),
        ("爱新觉罗溥仪", "aixinjueluopuyi"),
        ("張三", "zhangsan"),
        ("单", "dan"),
        ("尉迟", "weichi"),
    ],
)
def test_a_surname_is_read_as_a_surname(text: str, sound: str) -> None:
    assert names.pinyin({"text": text})[0] == sound


def test_the_characters_of_a_surname_are_read_otherwise_in_a_given_name() -> None:
    assert names.pinyin({"family": "王", "given": ["单"]})[0] == "wangdan"
    assert names.pinyin({"family": "单", "given": ["单"]})[0] == "shandan"


def test_a_name_is_found_by_its_whole_sound_its_given_name_and_its_initials() -> None:
    assert names.pinyin({"text": "单雄信"}) == ["shanxiongxin", "sxx", "xiongxin"]


def test_an_ambiguous_name_has_all_its_readings() -> None:
    assert {"wangle", "wangyue"} <= set(names.pinyin({"text": "王乐"}))


def test_the_letter_that_no_keyboard_has_is_typed_in_three_ways() -> None:
    assert {"lvbu", "lubu", "lyubu"} <= set(names.pinyin({"text": "吕布"}))


def test_a_name_with_a_dot_has_no_surname() -> None:
    assert names.pinyin({"text": "阿依古丽·买买提"}) == ["ayigulimaimaiti", "ayglmmt"]


@pytest.mark.parametrize(
    "name",
    [
        {"family": "单", "given": ["雄信"]},
        {"family": "单", "given": ["雄", "信"]},
        {"family": "单雄信"},
        {"given": ["单雄信"]},
        {"text": "单雄信"},
        {"text": "单 雄信"},
        {"text": "单雄信 (Shan Xiongxin)"},
    ],
)
def test_a_name_sounds_the_same_however_it_is_divided(name: dict[str, Any]) -> None:
    assert names.pinyin(name)[0] == "shanxiongxin"


@pytest.mark.parametrize(
    "name", [{}, {"text": "Peter"}, {"family": "Ångström"}, {"text": 5, "given": "x", "family": []}]
)
def test_other_scripts_have_no_pinyin(name: dict[str, Any]) -> None:
    assert names.pinyin(name) == []


def test_a_text_as_long_as_a_book_is_cut() -> None:
    assert len(names.pinyin({"text": "乐" * 100_000})[0]) < 100


def test_pairs_of_characters_are_the_pieces() -> None:
    assert names.bigrams("欧阳锋 (欧阳)") == ["欧阳", "阳锋"]
    assert names.bigrams("锋") == []
    assert names.bigrams("Peter") == []
    assert names.bigrams("山田さん") == ["山田", "田さ", "さん"]


def test_an_institution_is_read_word_by_word() -> None:
    assert names.read_text("重庆市人民医院") == ("chongqingshirenminyiyuan", "cqsrmyy")
    assert names.read_text("Hospital") == ()


def test_a_name_gives_every_part_and_a_chinese_one_the_whole() -> None:
    assert strings.human_name({"family": "van Berg", "given": ["Jan", None, "P"], "prefix": ["Dr"], "suffix": ["MD"]}) == [
        "van Berg", "Jan", "P", "Dr", "MD",
    ]  # fmt: skip
    assert strings.human_name({"family": "单", "given": ["雄信"]}) == ["单", "雄信", "单雄信"]
    assert strings.human_name({"text": "单雄信"}) == ["单雄信"]


def test_an_address_gives_every_part() -> None:
    value = {
        "text": "T",
        "line": ["L1", "L2"],
        "city": "C",
        "district": "D",
        "state": "S",
        "postalCode": "P",
        "country": "X",
    }
    assert sorted(strings.address(value)) == sorted(["T", "L1", "L2", "C", "D", "S", "P", "X"])
    assert strings.address({"use": "home", "period": {"start": "2020"}}) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("单雄信", ("shanxiongxin", "danxiongxin")),
        ("Shan Xiongxin", ("shan xiongxin", "shanxiongxin")),
        ("xi'an", ("xi'an", "xian")),
        ("Peter", ("peter",)),
    ],
)
def test_what_is_typed_is_heard_as_it_is_indexed(typed: str, expected: tuple[str, ...]) -> None:
    assert strings.heard(typed) == expected


def test_other_names_sound_as_they_are_compared() -> None:
    assert list(strings.sounds({"family": "Ångström", "given": ["Åke"]})) == ["angstrom", "ake"]
    assert list(strings.sound("Hôpital")) == ["hopital"]
