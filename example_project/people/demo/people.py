"""Lists that the demo people are put together from, by language. Nobody here is real."""


def words(text):
    return text.split()


def items(text):
    return text.split("|")


INTERESTS = {
    "ru": items(
        "Походы в горы|Настольные игры|Шахматы|Фотография|Бег|Велосипед|Плавание|Йога|Скалолазание|"
        "Сноуборд|Лыжи|Рыбалка|Грибы и ягоды|Огород|Комнатные растения|Выпечка|Домашнее вино|Кофе|"
        "Театр|Кино|Музеи|Акварель|Вязание|Керамика|Столярное дело|Гитара|Хоровое пение|Вокал|"
        "Поэзия|Фантастика|История города|Астрономия|Робототехника|Волонтёрство|Собаки|Кошки|"
        "Бальные танцы|Сальса|Волейбол|Футбол|Путешествия на машине|Английский язык"
    ),
    "en": items(
        "Hiking|Board games|Chess club|Street photography|Trail running|Cycling|Wild swimming|Bouldering|"
        "Gardening|Baking|Craft beer|Specialty coffee|Live music|Indie films|Sketching|Knitting|Woodwork|"
        "Guitar|Open mic|Science fiction|Local history|Stargazing|Volunteering|Dogs|Bird watching|Surfing|"
        "Five-a-side football|Road trips|Learning Russian"
    ),
}

FIRST_NAMES = {
    "ru": {
        "male": words(
            "Александр Алексей Андрей Антон Арсений Артём Богдан Вадим Василий Виктор Виталий Глеб Григорий Даниил "
            "Денис Дмитрий Евгений Егор Иван Игорь Илья Кирилл Константин Лев Максим Марат Матвей Михаил Никита "
            "Николай Олег Павел Пётр Роман Руслан Семён Сергей Степан Тимур Фёдор Юрий Ярослав"
        ),
        "female": words(
            "Алина Алиса Алла Анастасия Ангелина Анна Арина Валентина Варвара Вера Вероника Виктория Галина Дарья "
            "Диана Ева Екатерина Елена Елизавета Жанна Зоя Инна Ирина Камилла Карина Кира Ксения Лариса Лидия Любовь "
            "Маргарита Марина Мария Надежда Наталья Нина Оксана Ольга Полина Светлана София Татьяна Ульяна Юлия Яна"
        ),
    },
    "en": {
        "male": words(
            "Adam Alfie Ben Callum Charlie Daniel Dylan Ethan Felix Finn George Harry Isaac Jack James Joel Kieran "
            "Leo Liam Luke Marcus Max Nathan Noah Oliver Owen Patrick Reuben Sam Theo Toby William"
        ),
        "female": words(
            "Abigail Alice Amelia Beth Caitlin Chloe Clara Daisy Eleanor Ella Emily Eve Freya Grace Hannah Holly "
            "Isla Jasmine Kate Lauren Lily Lucy Maeve Megan Nina Olivia Phoebe Rachel Ruby Sophie Tess Zoe"
        ),
    },
}

LAST_NAMES = {
    # As a man writes it; a woman's ends in -а, -ая or stays as it is.
    "ru": words(
        "Абрамов Авдеев Агапов Аксёнов Белов Берёзкин Бондаренко Быстров Васин Ветров Виноградов Воронцов Галкин "
        "Гаврилов Горский Громов Дёмин Долгов Дубровин Ершов Жаров Журавлёв Завьялов Зимин Зорин Ильин Исаев "
        "Калинин Каменский Карпенко Клюев Ковальчук Козырев Колесник Крылов Кудрин Лаврентьев Лапин Лебедев Лосев "
        "Луговой Малахов Марченко Мельников Миронов Морозкин Нагорный Нечаев Никольский Одинцов Осипов Панин "
        "Петренко Полянский Родников Рябинин Савченко Селезнёв Сизов Снегирёв Соболевский Стрельцов Сухов Тарасенко "
        "Тихомиров Трошин Уваров Фадеев Филин Хромов Цветков Черкасов Шестаков Широков Щукин Юдин Яковенко Ясный"
    ),
    "en": words(
        "Abbott Ashworth Barker Bell Bennett Brook Byrne Carver Chapman Clarke Collins Cooper Dawson Doyle Ellis "
        "Fairley Fletcher Foster Gallagher Gibson Hale Hartley Holt Hughes Ingram Jarvis Keane Kerr Lambert Lowe "
        "Marlow Mercer Moss Nolan Osborne Palmer Parrish Pryce Quinn Reeve Rowe Sawyer Shaw Sinclair Stone Sutton "
        "Thorne Turner Underhill Vaughan Walsh Webb Whitaker Woodward Yates"
    ),
}

OCCUPATIONS = {
    "ru": items(
        "учитель физики|врач-терапевт|инженер-конструктор|бариста|библиотекарь|программист|дизайнер интерфейсов|"
        "архитектор|бухгалтер|водитель автобуса|геолог|журналист|химик-технолог|логист|машинист|фельдшер|"
        "музыкант|повар|переводчик|продавец в книжном|психолог|садовник|сварщик|студент|тестировщик|тренер|фармацевт|"
        "экскурсовод|электрик|юрист"
    ),
    "en": items(
        "primary school teacher|nurse|civil engineer|barista|librarian|software developer|product designer|architect|"
        "accountant|bus driver|geologist|journalist|lab technician|logistics planner|session musician|chef|translator|"
        "bookseller|physiotherapist|gardener|electrician|student|vet|joiner|radio producer|museum guide"
    ),
}

PURPOSES = {
    "ru": items(
        "компания для походов выходного дня|собеседники и новые друзья|партнёр по бегу по утрам|"
        "люди для вечеров с настольными играми|кто-то, с кем ходить в театр|попутчики в поездки|"
        "языковая практика|друзья в новом городе|команда для волейбола|соседи по интересам"
    ),
    "en": items(
        "company for weekend walks|new friends|a running partner|people for board game nights|"
        "someone to see gigs with|travel companions|language exchange|friends in a new town|a five-a-side team|"
        "neighbors with the same hobbies"
    ),
}

# {interest} and {city} are filled in.
ABOUT = {
    "ru": items(
        "{city}. Главное увлечение: {interest}, потом всё остальное.|"
        "Люблю тихие вечера и долгие разговоры. Давнее увлечение: {interest}.|"
        "Ранняя пташка. Кофе, пробежка, работа, а для души {interest}.|"
        "Могу часами говорить на тему «{interest}».|"
        "Спокойный человек с чувством юмора. Интересы: {interest}, чай с чабрецом и хорошие книги.|"
        "{city}, пятый этаж, вид на реку. Выходные посвящены теме «{interest}»."
    ),
    "en": items(
        "Based in {city}. Most weekends are for one thing: {interest}.|"
        "Fond of quiet evenings and long talks. Old habit: {interest}.|"
        "Moved to {city} last year and would love to meet people into {interest}.|"
        "Early bird. Coffee, work, then {interest}.|"
        "Ask me about {interest} and cancel your plans for the evening.|"
        "Easygoing, curious, better at listening than at small talk. {interest}, tea and good books.|"
        "{city} born and bred. A bit of everything, mostly {interest}."
    ),
}

GREETINGS = {
    "ru": [
        "Привет! У нас много общих увлечений.",
        "Здравствуйте! Кажется, мы виделись на прошлой встрече клуба.",
        "Добрый день! Тоже ищу компанию на выходные.",
        "",
    ],
    "en": [
        "Hi! Looks like we have a few hobbies in common.",
        "Hello! I think we met at the club last week.",
        "Hey, also looking for company on weekends.",
        "",
    ],
}


def feminine(last_name):
    """A Russian woman's form of a last name."""
    if last_name.endswith(("ий", "ый", "ой")):
        return last_name[:-2] + "ая"
    return last_name + "а" if last_name.endswith(("ов", "ев", "ёв", "ин", "ын")) else last_name
