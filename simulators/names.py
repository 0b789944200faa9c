"""Chinese names for what the seed grows: streets, estates, schools, operators, people.

All are invented; what coincides with a real place or person does so by chance.
"""

# ruff: noqa: SIM905  # a hundred names read better as a text than as a hundred quoted items

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CITY = "临江市"
DISTRICTS = "中心区 东城区 北城区 西城区 南城区".split()
"""The middle of the city, then counter-clockwise from the east."""
HILL = "凤凰山"

_STREET = (
    "解放 中山 建设 和平 人民 胜利 友谊 新华 江汉 沿江 长江 汉水 东湖 南湖 月湖 青年 光明 复兴 前进 团结 "
    "文昌 武陵 紫阳 珞珈 丁字 三阳 澳门 台北 香山 花桥 古田 宝丰 利济 民意 球场 车站 黄浦 竹叶 后湖 幸福 "
    "金桥 兴业 石桥 红旗 朝阳 永清 二七 百步 谌家 塔子 杨汊 白沙 烽火 青菱 狮城 雄楚 关山 民院 卓刀 丁香 "
    "桂花 梅园 柳林 松涛 竹海 荷塘 芙蓉 玉兰 木兰 银杏 梧桐 樱园 枫林 杏花 桃源 云林 望江 临江 听涛 观澜"
).split()
_ESTATE_HEAD = (
    "锦绣 阳光 翠湖 金色 常青 丽水 汉口 万科 水岸 滨江 书香 福星 华润 东方 南苑 北辰 西城 玉泉 清江 碧桂 "
    "香榭 名都 同安 百合 紫荆 天顺 联发 保利 长丰 统建 惠民 康怡 竹苑 馨悦 江南 楚天 凤凰 花山 春和 四季"
).split()
_ESTATE_TAIL = "花园 家园 小区 公馆 新村 雅苑 里 名邸 府 嘉园".split()
_SCHOOL_HEAD = (
    "育才 江岸 实验 红领巾 光谷 新城 滨江 东湖 南湖 钢花 鄱阳 崇仁 惠济 长春 黄鹤 鹦鹉 钟家 楚才 华师 三角 "
    "中华 大兴 水果湖 青山 育英 天一 博雅 弘桥 卓刀 街道口"
).split()
_SCHOOL_TAIL = "小学 实验小学 第一小学 第二小学 中心小学 学校 外国语学校 中心幼儿园".split()
_SURNAME = (
    "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗 郑 梁 谢 宋 唐 许 韩 冯 "
    "邓 曹 彭 曾 萧 田 董 袁 潘 蒋"
).split()
_GIVEN = (
    "伟 强 军 勇 杰 涛 明 超 刚 平 辉 鹏 华 飞 波 斌 宇 浩 凯 健 建国 建军 志强 志明 文斌 海涛 国庆 "
    "永红 玉兰 秀英 桂英 丽 敏 静 艳 红 霞 芳 燕 红梅 春梅 晓东 小军 卫东 汉生 楚江 学文 德胜 长青 光明"
).split()
_OPERATOR_HEAD = "安达 平安 晨曦 护苗 春蕾 江城 顺达 畅行 金辉 远航 众安 恒通".split()

_NUMERALS = "零一二三四五六七八九十"


def chinese_number(n: int) -> str:
    """1 to 99 in Chinese numerals: 12 is 十二."""
    tens, ones = divmod(n, 10)
    return ("" if tens == 0 else ("" if tens == 1 else _NUMERALS[tens]) + "十") + (
        _NUMERALS[ones] if ones else ""
    )


def _once_each(heads: list[str], tails: list[str], rng: np.random.Generator) -> Iterator[str]:
    """Every head with every tail in a drawn order; then again, numbered, for as long as asked."""
    names = [head + tail for head in heads for tail in tails]
    rng.shuffle(names)
    yield from names
    for n in range(2, 100):
        yield from (f"{name}{chinese_number(n)}" for name in names)


def streets(tail: str, rng: np.random.Generator) -> Iterator[str]:
    """Street names that end in ``tail``: 路, 街, 大道."""
    heads = _STREET if len(tail) == 1 else _STREET[:40]
    yield from _once_each(list(heads), [tail], rng)


def lanes(rng: np.random.Generator) -> Iterator[str]:
    """Names of small streets."""
    return _once_each(
        list(_STREET), ["小路", "巷", "一街", "二街", "三街", "一路", "二路", "东路", "西路"], rng
    )


def estates(rng: np.random.Generator) -> Iterator[str]:
    """Names of residential estates, which name the stops."""
    return _once_each(list(_ESTATE_HEAD), list(_ESTATE_TAIL), rng)


def schools(rng: np.random.Generator) -> Iterator[str]:
    """Names of schools."""
    return (CITY + name for name in _once_each(list(_SCHOOL_HEAD), list(_SCHOOL_TAIL), rng))


def operators() -> list[str]:
    """The companies that run the buses."""
    return [f"{CITY}{head}校车服务有限公司" for head in _OPERATOR_HEAD]


def person(rng: np.random.Generator) -> str:
    """One person's name; names may repeat, as people's do."""
    return str(rng.choice(_SURNAME)) + str(rng.choice(_GIVEN))
