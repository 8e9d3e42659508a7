"""Words from which the invented people of a simulated community are put together.

Telephone numbers come only from ranges that their regulators keep free for fiction, so that no message
that escapes by accident rings anybody: +44 7700 900000 to 900999 (Ofcom, "Numbers for use in TV and
radio drama programmes") for contacts, +1 NXX 555 0100 to 0199 (NANPA, fictional use of the 555 line
numbers) for residents. China's numbering plan reserves no such range, so no Chinese number is invented.
"""

from __future__ import annotations

from simulator.die import Die

SURNAMES = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
"""Common surnames; together with GIVEN they name nobody in particular."""
GIVEN_WOMEN = (
    "桂兰", "秀云", "淑珍", "玉梅", "凤仪", "雅琴", "素芬", "静宜", "慧心", "月华",
    "春晓", "兰亭", "若竹", "晚晴",
)  # fmt: skip
GIVEN_MEN = (
    "建国", "德明", "志远", "文柏", "永安", "福生", "长松", "怀瑾", "景行", "仲秋",
    "鹤年", "知秋", "南山", "守拙",
)  # fmt: skip
LATIN_WOMEN = ("Ada", "Clara", "Edith", "Greta", "Irma", "Martha", "Olive", "Rosa")
LATIN_MEN = ("Albert", "Bruno", "Conrad", "Edwin", "Hugo", "Martin", "Oscar", "Walter")
LATIN_SURNAMES = ("Quillfeather", "Merrowdale", "Tansywood", "Larkhollow", "Brindlemere", "Oakenshade")
"""Surnames that no register is known to hold."""
ILLNESSES = {
    "zh": ("高血压", "2 型糖尿病", "冠心病", "轻度认知障碍", "骨质疏松", "关节炎", "白内障", "听力下降"),
    "en": ("hypertension", "type 2 diabetes", "coronary heart disease", "mild cognitive impairment",
           "osteoporosis", "arthritis", "cataract", "hearing loss"),
}  # fmt: skip
SECOND_RELATIONS = ("son", "neighbour", "niece", "friend")
AREA_CODES = (
    "201", "202", "203", "205", "206", "207", "208", "209", "210", "212", "213", "214", "215", "216", "217",
    "218", "219", "224", "225", "228",
)  # fmt: skip


def resident_name(die: Die, index: int, *, woman: bool, language: str) -> tuple[str, str]:
    """Surname and full name; every person of one seed keeps theirs however many others there are."""
    if language == "zh":
        surname = die.pick(SURNAMES, index, "surname")
        return surname, surname + die.pick(GIVEN_WOMEN if woman else GIVEN_MEN, index, "given")
    surname = die.pick(LATIN_SURNAMES, index, "surname")
    return surname, f"{die.pick(LATIN_WOMEN if woman else LATIN_MEN, index, 'given')} {surname}"


def contact_name(die: Die, index: int, order: int, *, surname: str, woman: bool, language: str) -> str:
    """A relative's name under the resident's surname."""
    if language == "zh":
        return surname + die.pick(GIVEN_WOMEN if woman else GIVEN_MEN, index, "contact", order)
    return f"{die.pick(LATIN_WOMEN if woman else LATIN_MEN, index, 'contact', order)} {surname}"


def resident_phone(index: int) -> str:
    """A fictional number; different for the first 2,000 residents, then repeating."""
    area = AREA_CODES[index // 100 % len(AREA_CODES)]
    return f"+1{area}55501{index % 100:02d}"


def contact_phone(index: int, order: int) -> str:
    """A fictional mobile number; different for the two contacts of the first 500 residents, then repeating."""
    return f"+447700900{(index * 2 + order - 1) % 1000:03d}"
