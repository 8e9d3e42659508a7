"""Whatever is refused has a code, and words for it in both languages that name only what the refusal carries."""

from __future__ import annotations

import ast
import re
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
import pytest
from pydantic_core._pydantic_core import list_all_errors

from alerts.sense import ObjectionCode
from dashboards.api.access import Deed
from dashboards.api.kinds import CODES, read_msgspec, refusal_of
from dashboards.exchange.faults import WORDS as IMPORT_WORDS
from dashboards.web.wording import LANGUAGES, Wording, catalogue, refusal_key
from devices.polygons import PolygonCode
from devices.refusals import NOUNS, Refusal, no_such
from gateway.store.passwords import Weakness
from tests.support.refusals import PACKAGES, ROOT, placeholders, raised

RAISED: Final = raised()
FAMILIES: Final[dict[str, set[str]]] = {
    "import.*": set(IMPORT_WORDS),
    "parameter.*": set(get_args(ObjectionCode)),
    "password.*": set(get_args(Weakness)),
    "polygon.*": set(get_args(PolygonCode)),
    "*code": set(CODES),
    "*each['code']": set(),  # one that was raised in the store
    "*'address_unknown' if error.status_code == 404 else 'http'": {"address_unknown", "http"},
}
"""Codes whose end (or all) is known only when they are raised: what it may be."""
LITERAL: Final = {each.code for each in RAISED if "*" not in each.code} | {"not_found"}
EVERY: Final = LITERAL | CODES | {family.rstrip("*") + end for family, ends in FAMILIES.items() if family[0] != "*"
                                  for end in ends} | {"address_unknown", "http"}  # fmt: skip


def test_every_refusal_that_the_code_can_raise_is_known_here() -> None:
    assert len(RAISED) > 150
    assert [each for each in RAISED if "*" in each.code and each.code not in FAMILIES] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(language: str) -> None:
    assert sorted(code for code in EVERY if refusal_key(code) not in catalogue()[language]) == []


def test_every_value_that_words_name_is_carried() -> None:
    wrong = {
        each.where: missing
        for each in RAISED
        if "*" not in each.code and not each.spread
        for language in LANGUAGES
        if (missing := placeholders(catalogue()[language][refusal_key(each.code)]) - each.values)
    }
    assert wrong == {}


def test_every_value_of_the_english_detail_is_carried() -> None:
    told = [each for each in RAISED if each.detail is not None and not each.spread]
    assert {each.where for each in told if each.values and each.named - each.values} == set()


def test_no_words_stand_there_for_a_refusal_that_no_longer_exists() -> None:
    ours = {key.removeprefix("refusal.") for key in catalogue()["zh"] if key.startswith("refusal.")}
    assert sorted(code for code in ours - EVERY if not code.startswith(("what.", "deed."))) == []


def test_the_same_words_are_said_of_a_line_of_an_import() -> None:
    for code, detail in IMPORT_WORDS.items():
        for language in LANGUAGES:
            text = catalogue()[language][f"import.problem.{code}"]
            assert placeholders(text) <= placeholders(detail), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_there_and_what_may_not_be_done_are_named(language: str) -> None:
    wording = Wording(language)
    for noun in NOUNS:
        said = wording.refusal(no_such(noun))
        assert said is not None
        assert wording.known(f"refusal.what.{noun.replace(' ', '_')}", "-") in said
    for deed in get_args(Deed):
        said = wording.refusal(Refusal("role.may_not", "", role="duty", deed=deed))
        assert said is not None
        assert wording.known(f"refusal.deed.{deed.replace(' ', '_')}", "-") in said
        assert wording.t("role.duty") in said


def test_chinese_words_are_chinese_sentences() -> None:
    texts = {key: text for key, text in catalogue()["zh"].items() if re.match(r"refusal\.(?!what\.|deed\.)", key)}
    sentence = re.compile(r".*[\u4e00-\u9fff]{2}.*。")
    assert [key for key, text in texts.items() if not sentence.fullmatch(text)] == []


def test_no_script_shows_what_is_said_to_programs() -> None:
    """Only ``wrong.js`` has it, folded away, and where there are no words for people."""
    scripts = sorted((ROOT / "dashboards/web/static/js").glob("*.js"))
    shown = re.compile(r"error\.message|body\??\.(?:detail|title)|wrong\.detail|each\.detail")
    found = {path.name: shown.findall(path.read_text("utf-8")) for path in scripts}
    assert {name: said for name, said in found.items() if said} == {
        "api.js": ["body?.detail", "body?.title"],
        "wrong.js": ["body.detail"],
    }


def test_nothing_is_raised_beside_refusals() -> None:
    """A plain error in a check of a form would reach people in English."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in ("dashboards/api", "dashboards/web", "devices/phones.py", "devices/absence.py")
        for path in ([ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py")))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in ("ValueError", "HTTPException", "PydanticCustomError")
    ]
    assert found == []
    assert "dashboards" in PACKAGES


class TestWhatAnyFieldCanGetWrong:
    CANNOT_COME: Final = {
        "arguments_type", "assertion_error", "callable_type", "counter_type", "dataclass_exact_type", "dataclass_type",
        "default_factory_not_called", "dict_type", "ellipsis_error", "frozen_dict_type", "frozen_field",
        "frozen_instance",
        "get_attribute_error", "invalid_key", "is_instance_of", "is_subclass_of", "iteration_error", "mapping_type",
        "missing_sentinel_error", "model_attributes_type", "model_type", "multiple_argument_values",
        "named_tuple_type", "needs_python_object", "no_such_attribute", "none_required", "ordered_dict_type",
        "unexpected_positional_argument", "union_tag_not_found", "value_error",
    }  # fmt: skip
    """Of arguments and objects, which no JSON can be; ours are said before these."""

    @pytest.mark.parametrize("kind", list_all_errors(), ids=lambda kind: kind["type"])
    def test_every_kind_of_pydantic_has_words(self, kind: Any) -> None:
        context = kind.get("example_context") or {}
        refusal = refusal_of({"type": kind["type"], "msg": kind["example_message_python"], "ctx": context})
        assert refusal.code in CODES
        assert (refusal.code == "field.wrong") == (kind["type"] in self.CANNOT_COME)
        for language in LANGUAGES:
            said = Wording(language).refusal(refusal)
            assert said is not None
            assert "{" not in said

    def test_nothing_at_all_is_missing_rather_than_too_short(self) -> None:
        found = {"type": "string_too_short", "msg": "too short", "ctx": {"min_length": 1}}
        assert refusal_of(found).code == "field.missing"

    @pytest.mark.parametrize(
        ("value", "path", "code", "said"),
        [
            ({"n": 1}, "name", "field.missing", "请填写这一项。"),
            ({"name": "", "n": 1}, "name", "field.missing", "请填写这一项。"),
            ({"name": "abcdef", "n": 1}, "name", "field.too_long", "太长了：最多 5 个字。"),
            ({"name": 3, "n": 1}, "name", "field.text", "请填文字。"),
            ({"name": "a", "n": "x"}, "n", "field.whole_number", "请填整数。"),
            ({"name": "a", "n": 0}, "n", "field.at_least", "不能小于 1。"),
            ({"name": "a", "n": 12}, "n", "field.at_most", "不能大于 10。"),
            ({"name": "a", "n": 1, "kind": "c"}, "kind", "field.choice", "请从给出的选项中选一个。"),
            ({"name": "a", "n": 1, "lines": [{}]}, "lines/0/on", "field.missing", "请填写这一项。"),
            ({"name": "a", "n": 1, "lines": [{"on": 1}]}, "lines/0/on", "field.yes_no", "请选“是”或“否”。"),
            ({"name": "a", "n": 1, "lines": 7}, "lines", "field.list", "这里应是一列内容。请刷新页面再试。"),
            ({"name": "a", "n": 1, "more": 7}, "more", "field.unknown", "多了一项系统不认识的内容。请刷新页面再试。"),
        ],
    )
    def test_every_kind_of_msgspec_has_words(self, value: object, path: str, code: str, said: str) -> None:
        with pytest.raises(msgspec.ValidationError) as caught:
            msgspec.convert(value, _Written)
        where, refusal = read_msgspec(caught.value)
        assert (where, refusal.code, Wording("zh").refusal(refusal)) == (path, code, said)


class _Line(msgspec.Struct):
    on: bool


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=5)]
    n: Annotated[int, msgspec.Meta(ge=1, le=10)]
    kind: Literal["a", "b"] = "a"
    lines: list[_Line] = []


class TestWords:
    def test_moments_are_told_by_the_clock_of_the_place(self) -> None:
        refusal = Refusal(
            "shift.on_duty_already", "", name="wang", from_ms=1_782_000_000_000, to_ms=1_782_028_800_000,
            timezone="Asia/Shanghai",
        )  # fmt: skip
        assert Wording("zh").refusal(refusal) == (
            "wang 从 2026-06-21 08:00 到 2026-06-21 16:00 已在这里值班，同一时间不能排两班。请改时间或换人。"
        )

    @pytest.mark.parametrize(
        ("least", "said"), [(1880, "不能小于 1880。"), (86_400, "不能小于 86,400。"), (0.5, "不能小于 0.5。")]
    )
    def test_only_long_numbers_are_grouped_so_that_a_year_reads_as_one(self, least: float, said: str) -> None:
        assert Wording("zh").refusal(Refusal("field.at_least", "", least=least)) == said

    def test_what_is_unknown_has_none(self) -> None:
        assert Wording("zh").refusal(Refusal("brand.new", "something new")) is None

    def test_a_finished_sentence_may_hold_braces(self) -> None:
        assert Refusal.told("field.wrong", "not {this}", most=3).detail == "not {this}"
