"""The words of our messages, as data: a pattern for each template and language, and what its codes mean.

No phrase names an illness or a place by coordinates. Where several lengths are given, the first is said while there
is room. Which fields a pattern has and in which order they give way is told in ``alerts.messages``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

LANGUAGES: Final = ("zh", "en")


class Template(StrEnum):
    """The keys of the catalogue."""

    ALARM = "alarm"
    ALARM_RESIDENT = "alarm_resident"
    ALARM_RESPONDER = "alarm_responder"
    ALARM_STAFF = "alarm_staff"
    ALARM_CHAT = "alarm_chat"
    BUNDLE = "bundle"
    SYSTEM = "system"
    EMERGENCY = "emergency"
    ALL_CLEAR = "all_clear"
    ALL_CLEAR_CANCELLED = "all_clear_cancelled"
    STAND_DOWN = "stand_down"
    REPLY_TAKEN = "reply_taken"
    REPLY_THERE = "reply_there"
    REPLY_NOTED = "reply_noted"
    REPLY_LIST = "reply_list"
    REPLY_NONE = "reply_none"
    REPLY_UNCLEAR = "reply_unclear"
    ABSENCE_ENDS = "absence_ends"
    REPLY_UNCLEAR_RESIDENT = "reply_unclear_resident"


SPOKEN: Final[dict[str, str]] = {"zh": "cmn-CN", "en": "en-GB"}
"""The language of a call, as providers name it. Source: BCP 47."""

SIGNATURE: Final[dict[str, str]] = {"zh": "【安心】", "en": "Anxin: "}
"""What a text begins with, unless the settings say otherwise."""

PATTERNS: Final[dict[tuple[str, str], str]] = {
    ("alarm", "zh"): "{name}{time}{kind}，{todo}。{hint}{link}{site}",
    ("alarm", "en"): "{name} {kind}, {time}. {todo}. {hint}{link}{site}",
    ("alarm_resident", "zh"): "{name}您好，{asked}，{todo}。{hint}{site}",
    ("alarm_resident", "en"): "{name}, {asked}. {todo}. {hint}{site}",
    ("alarm_responder", "zh"): "{place}{name}{time}{kind}，{todo}。{hint}{link}{site}",
    ("alarm_responder", "en"): "{place}{name} {kind}, {time}. {todo}. {hint}{link}{site}",
    ("alarm_staff", "zh"): "{name}{time}{kind}，{todo}。{place}{hint}{link}{site}",
    ("alarm_staff", "en"): "{name} {kind}, {time}. {todo}. {place}{hint}{link}{site}",
    ("alarm_chat", "zh"): "{building}{time}有人需要帮助，{todo}。{link}{site}",
    ("alarm_chat", "en"): "Help needed{building}, {time}. {todo}. {link}{site}",
    ("bundle", "zh"): "又有{count}起警报没有人接，请马上看值班台。{site}",
    ("bundle", "en"): "{count} more alarms wait for somebody. Look at the console at once. {site}",
    ("system", "zh"): "{time}{system}，{todo}。{hint}{site}",
    ("system", "en"): "{system}, {time}. {todo}. {hint}{site}",
    ("emergency", "zh"): "{name}{time}{kind}，{todo}。{place}{site}",
    ("emergency", "en"): "{name} {kind}, {time}. {todo}. {place}{site}",
    ("all_clear", "zh"): "{name}{time}的警报已处理：{how}。{site}",
    ("all_clear", "en"): "{name}: the {time} alarm is over: {how}. {site}",
    ("all_clear_cancelled", "zh"): "{name}{time}的警报已取消，{how}。{site}",
    ("all_clear_cancelled", "en"): "{name}: the {time} alarm was cancelled: {how}. {site}",
    ("stand_down", "zh"): "{name}{time}的警报已结束：{how}。不必再去了，谢谢您。{site}",
    ("stand_down", "en"): "{name}: the {time} alarm is over: {how}. No need to go, thank you. {site}",
    ("reply_taken", "zh"): "收到，您去看{name}。{place}到了请回2，去不了回0。{site}",
    ("reply_taken", "en"): "Noted, you go to {name}. {place}Reply 2 when there, 0 if you cannot. {site}",
    ("reply_there", "zh"): "收到，您已在{name}身边。平安请回3，危急请打120。{site}",
    ("reply_there", "en"): "Noted, you are with {name}. Reply 3 if all is well; in danger call 120. {site}",
    ("reply_noted", "zh"): "{name}：{noted}。{site}",
    ("reply_noted", "en"): "{name}: {noted}. {site}",
    ("reply_list", "zh"): "您有{count}起警报，请带上编号再回一次，例如“{example}”：{alarms}",
    ("reply_list", "en"): "{count} alarms are yours. Reply again with the code, such as {example}: {alarms}",
    ("reply_none", "zh"): "没有在等您的警报，或者已经结束。需要帮助请致电服务中心，危急请打120。{site}",
    ("reply_none", "en"): "No alarm waits for you, or it is over. Call the centre for help, 120 in danger. {site}",
    ("reply_unclear_resident", "zh"): "没看懂，已转给值班员。平安请回1，要帮助回0。{site}",
    ("reply_unclear_resident", "en"): "Not understood, staff will read it. Reply 1 if you are well, 0 for help. {site}",
    ("reply_unclear", "zh"): "没看懂，已转给值班员。请回：1我去，2已到，3平安，0去不了。{site}",
    ("reply_unclear", "en"): "Not understood, staff will read it. Reply 1 going, 2 there, 3 all well, 0 cannot. {site}",
    ("absence_ends", "zh"): "{name}暂停的日常查看将于{day}{time}恢复。若到时还没回来，请提前致电服务中心。{site}",
    ("absence_ends", "en"): "{name}: our checks resume {day} {time}. Not back by then? Please call the centre. {site}",
}
"""(template, language) → text behind the signature."""

WORDS: Final[dict[tuple[str, str, str], str]] = {
    ("kind", "sos", "zh"): "按了求助键",
    ("kind", "sos", "en"): "pressed SOS",
    ("kind", "fall", "zh"): "可能摔倒了",
    ("kind", "fall", "en"): "may have fallen",
    ("kind", "wandering", "zh"): "走出了安全区域",
    ("kind", "wandering", "en"): "left the safe zone",
    ("kind", "missed_check", "zh"): "没有按时报平安",
    ("kind", "missed_check", "en"): "did not check in",
    ("kind", "silent", "zh"): "的手环没有信号",
    ("kind", "silent", "en"): "has a silent band",
    ("kind", "inactivity", "zh"): "很久没有动静",
    ("kind", "inactivity", "en"): "shows no sign of life",
    ("kind", "out_of_reach", "zh"): "联系不上",
    ("kind", "out_of_reach", "en"): "cannot be reached",
    ("kind", "device", "zh"): "的设备需要查看",
    ("kind", "device", "en"): "has a device to be looked at",
    ("kind", "help", "zh"): "需要关注",
    ("kind", "help", "en"): "needs attention",
    ("asked", "well", "zh"): "还没收到您的平安",
    ("asked", "well", "en"): "we have not heard that you are well",
    ("asked", "silent", "zh"): "收不到您手环的信号",
    ("asked", "silent", "en"): "we cannot hear your band",
    ("asked", "inactivity", "zh"): "很久没有您的动静",
    ("asked", "inactivity", "en"): "we have seen no sign of you for long",
    ("system", "site_silent", "zh"): "许多设备同时没有信号",
    ("system", "site_silent", "en"): "Many devices fell silent together",
    ("system", "nobody_on_duty", "zh"): "现在没有人值班",
    ("system", "nobody_on_duty", "en"): "Nobody is on duty",
    ("system", "detector_failed", "zh"): "有一项检测停用了",
    ("system", "detector_failed", "en"): "A detector was switched off",
    ("system", "step_overdue", "zh"): "有警报没有按时通知到人",
    ("system", "step_overdue", "en"): "Somebody was not told of an alarm in time",
    ("system", "checks_unplanned", "zh"): "报平安检查没有排出来",
    ("system", "checks_unplanned", "en"): "Promised checks are not planned",
    ("system", "console_silent", "zh"): "值班台听不到警报",
    ("system", "console_silent", "en"): "No console hears alarms",
    ("system", "store_unavailable", "zh"): "系统数据库中断",
    ("system", "store_unavailable", "en"): "The database is away",
    ("system", "trouble", "zh"): "系统需要检查",
    ("system", "trouble", "en"): "The system needs a look",
    ("who", "somebody", "zh"): "有人",
    ("who", "somebody", "en"): "Somebody",
    ("who", "stranger", "zh"): "未登记的手环",
    ("who", "stranger", "en"): "An unregistered band",
    ("who", "system", "zh"): "系统",
    ("who", "system", "en"): "The system",
    ("how", "settled", "zh"): "已有人跟进",
    ("how", "settled", "en"): "taken care of",
    ("how", "settled_by_phone", "zh"): "已电话确认平安",
    ("how", "settled_by_phone", "en"): "safe, we phoned",
    ("how", "heard_from", "zh"): "已有本人的消息",
    ("how", "heard_from", "en"): "we have heard from them",
    ("how", "heard_again", "zh"): "手环信号已恢复",
    ("how", "heard_again", "en"): "the band is heard again",
    ("how", "desk_listens", "zh"): "值班台又能听到警报了",
    ("how", "desk_listens", "en"): "the desk hears alarms again",
    ("how", "safe", "zh"): "有人见到了，平安",
    ("how", "safe", "en"): "safe, somebody is with them",
    ("how", "helped_on_site", "zh"): "已有人到场帮助",
    ("how", "helped_on_site", "en"): "helped on site",
    ("how", "found", "zh"): "人已找到",
    ("how", "found", "en"): "found and with us",
    ("how", "call_centre", "zh"): "详情请致电服务中心",
    ("how", "call_centre", "en"): "please call the centre",
    ("how", "taken_back", "zh"): "本人已按取消",
    ("how", "taken_back", "en"): "taken back by the wearer",
    ("how", "no_emergency", "zh"): "无需担心",
    ("how", "no_emergency", "en"): "no emergency",
    ("noted", "family_going", "zh"): "已告诉值班员您正赶去",
    ("noted", "family_going", "en"): "staff know that you are on the way",
    ("noted", "family_there", "zh"): "已告诉值班员您已到",
    ("noted", "family_there", "en"): "staff know that you are there",
    ("noted", "family_says_well", "zh"): "已转告值班员平安，他们会再核实",
    ("noted", "family_says_well", "en"): "staff know that you say all is well, and will check",
    ("noted", "cannot", "zh"): "知道了，我们另找人",
    ("noted", "cannot", "en"): "understood, we ask somebody else",
    ("noted", "well", "zh"): "平安已记下，警报结束，谢谢您",
    ("noted", "well", "en"): "all well is noted, the alarm is over, thank you",
    ("noted", "over", "zh"): "这起警报已经结束，谢谢您",
    ("noted", "over", "en"): "that alarm is over already, thank you",
    ("noted", "own_well", "zh"): "收到您的平安，谢谢您",
    ("noted", "own_well", "en"): "good to know that you are well, thank you",
    ("noted", "help_comes", "zh"): "已告诉值班员您要帮助，危急请打120",
    ("noted", "help_comes", "en"): "staff know that you need help; in danger call 120",
    ("noted", "somebody_is_there", "zh"): "已有人在场，您若要去也请注意安全",
    ("noted", "somebody_is_there", "en"): "somebody is there already; take care if you go too",
    ("noted", "said", "zh"): "您的话已转给值班员",
    ("noted", "said", "en"): "staff can read what you wrote",
}
"""(parameter, code, language) → words."""

STAND_IN: Final[dict[str, str]] = {
    "kind": "help", "asked": "well", "system": "trouble", "who": "somebody", "how": "settled", "noted": "said",
    "todo": "ask_centre",
}  # fmt: skip
"""The code that stands in for one that has no words."""

LENGTHS: Final[dict[tuple[str, str, str], tuple[str, ...]]] = {
    ("todo", "call_them", "zh"): ("请尽快联系本人或服务中心", "请联系本人"),
    ("todo", "call_them", "en"): ("Call them or the centre", "Call them"),
    ("todo", "stay_reachable", "zh"): ("我们正在处理，请保持电话畅通", "请保持电话畅通"),
    ("todo", "stay_reachable", "en"): ("We see to it, be reachable", "Be reachable"),
    ("todo", "say_well", "zh"): ("请按平安键或给服务中心回个电话", "请报个平安"),
    ("todo", "say_well", "en"): ("Press the button or call the centre", "Let us know"),
    ("todo", "go", "zh"): ("请上门看看，危急请打120", "请上门看看"),
    ("todo", "go", "en"): ("Please go and look; in danger call 120", "Please go and look"),
    ("todo", "take", "zh"): ("还没有人接，请马上处理", "请处理"),
    ("todo", "take", "en"): ("Nobody has taken it yet, please do", "Please take it"),
    ("todo", "who_can", "zh"): ("能去看看的请联系值班员", "请联系值班员"),
    ("todo", "who_can", "en"): ("Whoever can go, call the duty desk", "Call the duty desk"),
    ("todo", "who_can_here", "zh"): ("能去看看的请点开链接接手，或联系值班员", "请点开链接接手"),
    ("todo", "who_can_here", "en"): (
        "Whoever can go, take it on this page or call the duty desk",
        "Take it on this page",
    ),
    ("todo", "ask_centre", "zh"): ("请联系服务中心",),
    ("todo", "ask_centre", "en"): ("Call the centre",),
    ("todo", "look", "zh"): ("请马上查看系统", "请查看系统"),
    ("todo", "look", "en"): ("Look at the system at once", "Look at it"),
    ("todo", "to_the_desk", "zh"): ("请马上到值班台，打开声音", "请到值班台"),
    ("todo", "to_the_desk", "en"): ("Go to the desk and turn its sound on", "Go to the desk"),
    ("todo", "database_away", "zh"): ("系统数据库中断，请马上派人", "请马上派人"),
    ("todo", "database_away", "en"): ("Our database is away: send somebody at once", "Send somebody"),
    ("hint", "alarm", "zh"): ("回1我去2已到3平安，编号{code} ", "回1我去3平安({code}) "),
    ("hint", "alarm", "en"): ("Reply 1 going, 2 there, 3 well, code {code}. ", "Reply 1 {code} to go. "),
    ("hint", "alarm_resident", "zh"): ("平安请回1，要帮助回0，编号{code} ", "平安回1，要帮助回0({code}) "),
    ("hint", "alarm_resident", "en"): (
        "Reply 1 if you are well, 0 for help, code {code}. ",
        "Reply 1 {code} if well, 0 for help. ",
    ),
    ("hint", "alarm_responder", "zh"): ("回1我去2已到3平安0不能，编号{code} ", "回1我去({code}) "),
    ("hint", "alarm_responder", "en"): (
        "Reply 1 going, 2 there, 3 well, 0 cannot, code {code}. ",
        "Reply 1 {code} to go. ",
    ),
    ("hint", "alarm_staff", "zh"): ("回1我接2已到3平安0不能，编号{code} ", "回1我接({code}) "),
    ("hint", "alarm_staff", "en"): (
        "Reply 1 mine, 2 there, 3 well, 0 cannot, code {code}. ",
        "Reply 1 {code} to take it. ",
    ),
    ("hint", "system", "zh"): ("回1我来处理，编号{code} ", "回1我接({code}) "),
    ("hint", "system", "en"): ("Reply 1 {code} to take it. ",),
}
"""(parameter, code or template, language) → the same in several lengths, the longest first."""

KEYS: Final[dict[tuple[str, str], str]] = {
    ("alarm", "zh"): "您去请按1，已到请按2，平安请按3，去不了请按0。",
    ("alarm", "en"): "Press 1 if you go, 2 if you are there, 3 if all is well, 0 if you cannot. ",
    ("alarm_resident", "zh"): "平安请按1，要帮助请按0。",
    ("alarm_resident", "en"): "Press 1 if you are well, 0 if you need help. ",
    ("alarm_responder", "zh"): "您去请按1，已到请按2，平安请按3，去不了请按0。",
    ("alarm_responder", "en"): "Press 1 if you go, 2 if you are there, 3 if all is well, 0 if you cannot. ",
    ("alarm_staff", "zh"): "您接请按1，已到请按2，平安请按3，去不了请按0。",
    ("alarm_staff", "en"): "Press 1 to take it, 2 if you are there, 3 if all is well, 0 if you cannot. ",
    ("system", "zh"): "您来处理请按1。",
    ("system", "en"): "Press 1 to take it. ",
}
"""What a call says of the keypad, in place of the hint."""

ADDRESS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "zh": (("building", "{n}栋"), ("unit", "{n}单元"), ("floor", "{n}层"), ("room", "{n}室")),
    "en": (("building", "Bldg {n}"), ("unit", "unit {n}"), ("floor", "floor {n}"), ("room", "room {n}")),
}
"""Parts of an address in their order; a part that is no bare number is said as it was entered."""

BAND: Final[dict[tuple[str, str], str]] = {
    ("check_in", "zh"): "还没收到您的平安，请按平安键。",
    ("check_in", "en"): "We have not heard from you. Please press: I am well.",
    ("help_called", "zh"): "已替您呼叫帮助，请别着急。",
    ("help_called", "en"): "Help is being called for you.",
    ("help_comes", "zh"): "有人接到了您的求助，正在处理，请别着急。",
    ("help_comes", "en"): "We have your call for help. Somebody is on it.",
    ("check_due", "zh"): "请按一下按键，报个平安。",
    ("check_due", "en"): "Please press the button to say you are well.",
    ("sign_due", "zh"): "您好，请活动一下，或按键报个平安。",
    ("sign_due", "en"): "Please move a little, or press to say you are well.",
}
"""What a wristband shows."""
