"""Word lists and rules by which the generator makes names of people and organisations that do not exist."""

from __future__ import annotations

from typing import NamedTuple

RU_MALE = (
    "Александр Алексей Андрей Антон Артём Борис Вадим Валерий Василий Виктор Виталий Владимир Вячеслав Геннадий Георгий "
    "Григорий Денис Дмитрий Евгений Егор Иван Игорь Илья Кирилл Константин Леонид Максим Михаил Никита Николай Олег Павел "
    "Пётр Роман Семён Сергей Станислав Степан Тимур Фёдор Юрий Ярослав"
).split()
RU_FEMALE = (
    "Александра Алина Алла Анастасия Анна Валентина Валерия Варвара Вера Виктория Галина Дарья Диана Евгения Екатерина "
    "Елена Елизавета Жанна Зоя Инна Ирина Карина Кира Ксения Лариса Лидия Любовь Людмила Маргарита Марина Мария Надежда "
    "Наталья Нина Оксана Ольга Полина Раиса Светлана София Татьяна Ульяна Юлия Яна"
).split()
# Father's name -> stem of the patronymic: stem + "ович"/"овна" and so on is spelled out here.
RU_PATRONYMICS = {
    "Александр": ("Александрович", "Александровна"),
    "Алексей": ("Алексеевич", "Алексеевна"),
    "Андрей": ("Андреевич", "Андреевна"),
    "Борис": ("Борисович", "Борисовна"),
    "Василий": ("Васильевич", "Васильевна"),
    "Виктор": ("Викторович", "Викторовна"),
    "Владимир": ("Владимирович", "Владимировна"),
    "Геннадий": ("Геннадьевич", "Геннадьевна"),
    "Дмитрий": ("Дмитриевич", "Дмитриевна"),
    "Евгений": ("Евгеньевич", "Евгеньевна"),
    "Иван": ("Иванович", "Ивановна"),
    "Игорь": ("Игоревич", "Игоревна"),
    "Илья": ("Ильич", "Ильинична"),
    "Константин": ("Константинович", "Константиновна"),
    "Михаил": ("Михайлович", "Михайловна"),
    "Николай": ("Николаевич", "Николаевна"),
    "Олег": ("Олегович", "Олеговна"),
    "Павел": ("Павлович", "Павловна"),
    "Пётр": ("Петрович", "Петровна"),
    "Сергей": ("Сергеевич", "Сергеевна"),
    "Фёдор": ("Фёдорович", "Фёдоровна"),
    "Юрий": ("Юрьевич", "Юрьевна"),
}
# Masculine forms; those in -ов, -ев, -ёв, -ин take -а, those in -ский take -ская, the others do not change.
RU_FAMILY = (
    "Абрамов Акимов Алексеев Антонов Афанасьев Баранов Белов Беляев Богданов Борисов Быков Васильев Виноградов Власов "
    "Волков Воробьёв Воронин Гаврилов Герасимов Голубев Горбунов Григорьев Гусев Давыдов Данилов Денисов Дмитриев Егоров "
    "Ершов Жуков Зайцев Захаров Зуев Иванов Ильин Исаев Калинин Карпов Киселёв Ковалёв Козлов Комаров Коновалов Королёв "
    "Кошелев Крылов Кузнецов Кузьмин Куликов Лазарев Лебедев Логинов Макаров Маслов Медведев Мельников Миронов Морозов "
    "Назаров Никитин Николаев Новиков Орлов Осипов Павлов Петров Поляков Попов Прохоров Романов Рябов Савельев Сафонов "
    "Семёнов Сидоров Смирнов Соболев Соколов Сорокин Степанов Сухоруков Тарасов Тихонов Третьяков Трофимов Туманов Уваров "
    "Фадеев Федотов Филиппов Фролов Харитонов Цветков Черкасов Чернов Шаповалов Широков Щербаков Юдин Яковлев "
    "Вишневский Дубровский Заболоцкий Каменский Левитский Островский Раевский Троицкий Яновский "
    "Бондаренко Кравченко Лысенко Ткаченко Шевченко"
).split()

EN_MALE = (
    "Adam Alan Andrew Anthony Arthur Benjamin Brian Charles Christopher Colin Daniel David Dennis Edward Eric Frank "
    "Gareth George Gordon Graham Harold Harry Henry Hugh Ian Jack James Jeremy John Jonathan Joseph Keith Kevin Lawrence "
    "Leonard Louis Mark Martin Matthew Michael Nathan Neil Nicholas Oliver Oscar Patrick Paul Peter Philip Ralph Raymond "
    "Richard Robert Roger Samuel Simon Stephen Stuart Theodore Thomas Timothy Victor Vincent Walter William"
).split()
EN_FEMALE = (
    "Abigail Alice Amanda Amy Angela Ann Audrey Barbara Beatrice Caroline Catherine Charlotte Christine Claire Deborah "
    "Diana Dorothy Edith Eleanor Elizabeth Ellen Emily Emma Florence Frances Grace Hannah Harriet Helen Irene Isabel Jane "
    "Janet Jennifer Jessica Joan Judith Julia Karen Katherine Laura Lillian Linda Louise Lucy Margaret Marion Martha Mary "
    "Megan Molly Nancy Natalie Nora Olivia Patricia Pauline Rachel Rebecca Rosemary Ruth Sarah Sophie Susan Sylvia Teresa "
    "Valerie Victoria Violet Wendy"
).split()
EN_FAMILY = (
    "Abbott Adams Allen Archer Atkins Baker Barlow Barrett Bennett Bishop Blackwell Bradley Brooks Burton Carpenter Carter "
    "Chambers Clarke Coleman Collins Cooper Crawford Dawson Dixon Douglas Edwards Elliott Fairbanks Farmer Fisher Fletcher "
    "Foster Fowler Gardner Gibson Gilbert Goodwin Graham Greenwood Hale Hamilton Harper Harrison Hartley Hawkins Hayes "
    "Henderson Holloway Howard Hudson Hughes Hunter Ingram Jackson Jennings Johnston Kendall Knight Lambert Langley Lawson "
    "Lowell Marsh Marshall Mason Mitchell Morrison Murray Newman Nichols Norton Osborne Palmer Parker Pearson Porter "
    "Preston Quinn Radford Ramsey Reynolds Richards Roberts Russell Sanders Sawyer Sheldon Simmons Spencer Stanton "
    "Stevenson Sutton Tanner Thornton Turner Underwood Vaughan Wallace Walton Warren Watkins Webster Whitaker Wilkins "
    "Winslow Woodward Wright York"
).split()

# Han characters with their pinyin.
ZH_FAMILY = tuple(
    pair.split(":")
    for pair in (
        "王:Wang 李:Li 张:Zhang 刘:Liu 陈:Chen 杨:Yang 黄:Huang 赵:Zhao 吴:Wu 周:Zhou 徐:Xu 孙:Sun 马:Ma 朱:Zhu 胡:Hu 郭:Guo "
        "何:He 林:Lin 罗:Luo 高:Gao 郑:Zheng 梁:Liang 谢:Xie 宋:Song 唐:Tang 许:Xu 韩:Han 冯:Feng 邓:Deng 曹:Cao 彭:Peng "
        "曾:Zeng 萧:Xiao 田:Tian 董:Dong 袁:Yuan 潘:Pan 于:Yu 蒋:Jiang 蔡:Cai 余:Yu 杜:Du 叶:Ye 程:Cheng 苏:Su 魏:Wei 吕:Lü "
        "丁:Ding 任:Ren 沈:Shen 姚:Yao 卢:Lu 欧阳:Ouyang 司马:Sima"
    ).split()
)
ZH_GIVEN = tuple(
    pair.split(":")
    for pair in (
        "伟:wei 芳:fang 娜:na 敏:min 静:jing 丽:li 强:qiang 磊:lei 军:jun 洋:yang 勇:yong 艳:yan 杰:jie 娟:juan 涛:tao 明:ming "
        "超:chao 秀:xiu 霞:xia 平:ping 刚:gang 桂:gui 英:ying 华:hua 玉:yu 兰:lan 红:hong 建:jian 国:guo 文:wen 志:zhi 晓:xiao "
        "海:hai 云:yun 雪:xue 梅:mei 春:chun 嘉:jia 思:si 宇:yu 浩:hao 子:zi 欣:xin 怡:yi 然:ran 博:bo 辰:chen 瑞:rui 琳:lin "
        "佳:jia 慧:hui 鹏:peng 飞:fei 凯:kai 婷:ting 颖:ying"
    ).split()
)

RU_COMPANY_FIRST = (
    "Север Восток Запад Юг Волга Урал Сибирь Балтика Нева Кама Байкал Онега Ладога Вектор Гранит Кедр Маяк Орион Рубин "
    "Сапфир Старт Темп Факел Форум Эталон Юнион Альфа Вега Горизонт Заря Искра Каскад Лидер Меридиан Новатор Прогресс"
).split()
RU_COMPANY_SECOND = (
    "Торг Строй Снаб Пром Тех Сервис Маркет Принт Логистик Энерго Агро Мед Комплект Дизайн Медиа".split()
)
RU_LEGAL = ("ООО", "ООО", "ООО", "ООО", "АО", "АО", "ПАО", "ИП")
EN_COMPANY_FIRST = (
    "Amberley Ashford Birchwood Blackthorn Brightwater Cedarvale Clearbrook Crestfield Eastgate Elmhurst Fairview "
    "Fernhill Foxglove Glenmore Greystone Hawthorn Highfield Ivybridge Kingsmere Lakeside Larkspur Maplewood Meadowbank "
    "Northfield Oakridge Pinecrest Redwood Riverbend Rosewood Silverdale Southgate Springfield Stonebridge Summerhill "
    "Thornbury Westbrook Willowdale Windermere Woodlands"
).split()
EN_COMPANY_SECOND = (
    "Trading,Supplies,Printing,Logistics,Engineering,Foods,Textiles,Consulting,Media,Packaging,Instruments,Furniture,"
    "Stationery,Medical,Electrical,Office Services"
).split(",")
EN_LEGAL = ("Ltd", "Ltd", "Ltd", "Limited", "Inc", "LLC", "PLC")
DE_COMPANY_FIRST = "Adler Birken Eichen Falken Goldberg Hanse Linden Nord Rosen Silber Sonnen Tannen Wald Weser".split()
DE_COMPANY_SECOND = "handel druck technik bau logistik werke papier möbel".split()
DE_LEGAL = ("GmbH", "GmbH", "GmbH & Co. KG", "AG")
ZH_COMPANY_FIRST = tuple(
    pair.split(":")
    for pair in (
        "华信:Huaxin 东方:Dongfang 恒通:Hengtong 金桥:Jinqiao 天成:Tiancheng 瑞丰:Ruifeng 宏达:Hongda 新联:Xinlian 永兴:Yongxing "
        "海川:Haichuan 中远:Zhongyuan 嘉禾:Jiahe 明德:Mingde 盛世:Shengshi 锦程:Jincheng 博雅:Boya 安泰:Antai 远航:Yuanhang"
    ).split()
)
ZH_COMPANY_SECOND = tuple(
    pair.split(":")
    for pair in (
        "贸易:Trading 科技:Technology 印刷:Printing 物流:Logistics 电子:Electronics 食品:Foods 机械:Machinery 包装:Packaging "
        "纺织:Textile 建材:Materials"
    ).split()
)
ZH_LEGAL = ("有限公司", "有限公司", "有限公司", "股份有限公司", "有限责任公司")

RU_CITIES = (
    "Москва Санкт-Петербург Казань Екатеринбург Новосибирск Самара Пермь Ростов-на-Дону Воронеж Краснодар".split()
)
GB_CITIES = ("London", "Manchester", "Leeds", "Bristol", "Birmingham", "Edinburgh")
US_CITIES = ("New York", "Chicago", "Boston", "Seattle", "Denver")
DE_CITIES = "Berlin Hamburg Bremen Leipzig Köln Dresden".split()
ZH_CITIES = tuple(
    pair.split(":")
    for pair in "上海:Shanghai 北京:Beijing 广州:Guangzhou 深圳:Shenzhen 杭州:Hangzhou 成都:Chengdu 武汉:Wuhan 苏州:Suzhou".split()
)
RU_STREETS = "Лесная Садовая Центральная Школьная Набережная Заводская Полевая Солнечная Северная Речная".split()
EN_STREETS = "High Street,Station Road,Church Lane,Mill Lane,Park Avenue,Victoria Road,Green Lane,Market Square".split(
    ","
)
ZH_STREETS = "人民路 中山路 解放路 建设路 和平路 新华路 文化路 长江路".split()

_TRANSLITERATION = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y  e iu ia".split(" "),
        strict=True,
    )
)


class PersonName(NamedTuple):
    """A person's name in its own script, and in Latin letters."""

    given: str
    middle: str
    family: str
    latin_given: str
    latin_family: str


def transliterate(text: str) -> str:
    """Cyrillic as Latin letters, as in Russian passports (ICAO Doc 9303); other characters stay."""
    letters = []
    for character in text:
        latin = _TRANSLITERATION.get(character.lower(), character)
        letters.append(latin.capitalize() if character.isupper() and latin != character else latin)
    return "".join(letters)


def feminine(family: str) -> str:
    """The feminine form of a Russian family name."""
    if family.endswith(("ов", "ев", "ёв", "ин")):
        return family + "а"
    return family[:-2] + "ая" if family.endswith("ий") else family
