"""Talks of two people, by language. Lines alternate between the one who began the chat and the other.

The Russian ones fit any two people: nothing in them says whether a man or a woman writes.
"""

TALKS = {
    "ru": [
        """
        Привет! Вижу в анкете настольные игры. Во что чаще всего?
        Привет! Сейчас «Каркассон» и «Билет на поезд», а ещё стоит нераспечатанная «Крылья».
        О, «Крылья» — отличная игра! Могу объяснить правила, у нас в компании её любят.
        Было бы здорово. По четвергам свободен вечер, а у вас?
        Четверг подходит. Давайте в антикафе у парка, часов в семь?
        Договорились. С меня печенье 🍪
        С меня игра. До четверга!
        """,
        """
        Доброе утро! Бежим завтра?
        Доброе! Прогноз обещает дождь, но мелкий.
        Мелкий не считается. Шесть тридцать, у моста?
        Давай в семь, хочу выспаться хоть раз на этой неделе.
        Ладно, семь. Десять километров спокойно, без рекордов.
        Спокойно — это какой темп?
        Шесть минут на километр, чтобы можно было болтать.
        Отлично. До завтра 🏃
        """,
        """
        Привет, как добрались?
        Привет! Хорошо, только автобус сломался под Клином, час стояли.
        Ого. А мы успели на последнюю электричку.
        Фотографии скинешь? Особенно с того обрыва.
        Вечером разберу и пришлю. Там одна прямо на обложку.
        Жду! В следующий раз берём термос побольше.
        И сухие носки 😄
        """,
        """
        Здравствуйте! Не подскажете, какой объектив для первых портретов взять?
        Здравствуйте! Пятидесятка на 1.8: недорого и надолго.
        А если комната маленькая?
        Тогда 35 мм, но с лицами аккуратнее, не подходите слишком близко.
        Спасибо! А где лучше смотреть с рук?
        На барахолке при фотоклубе в воскресенье. Могу сходить за компанию и проверить матрицу.
        Это было бы очень кстати!
        """,
        """
        Слушай, а ты правда печёшь хлеб на закваске?
        Правда. Закваске уже три года, зовут Глафира.
        😂 Поделишься кусочком Глафиры?
        Конечно, завтра покормлю и отложу. Банка нужна с широким горлом.
        Банка есть. А муку какую?
        Начни с ржаной обдирной, она всё прощает.
        Записываю. С меня первый кирпич.
        """,
        """
        Идём в субботу в театр? Дают «Вишнёвый сад».
        Хочу! В каком?
        В драмтеатре, начало в шесть. Есть два билета в амфитеатр.
        Сколько с меня?
        Нисколько, в антракте угощаешь кофе.
        По рукам ☕
        Встречаемся у колонн без двадцати.
        """,
        """
        Привет! Кажется, мы из одного города :)
        Привет! Похоже, даже из одного района.
        Как тебе новая набережная?
        Красиво, но лавочек мало. Зато закаты!
        Да, закаты там лучшие. Часто гуляешь?
        По вечерам с собакой. Присоединяйся, Бублик рад всем.
        Бублик — это лучшее имя для собаки.
        """,
        """
        Не забудь, пожалуйста, завтра взять штатив.
        Уже у двери стоит.
        И тёплые перчатки, за городом минус двенадцать.
        Есть. Телескоп повезёшь ты?
        Да, поместится на заднее сиденье. Выезжаем в девять.
        Юпитер увидим?
        И Юпитер, и туманность Ориона, если облака не придут.
        ✨
        """,
        """
        Как прошёл экзамен по английскому?
        Сдано! На восемьдесят семь баллов.
        Поздравляю! Это же почти C1.
        Спасибо за те разговоры по вторникам, без них бы никак.
        Значит, продолжаем? Теперь про кино.
        Yes, of course!
        """,
        """
        Есть вопрос по помидорам: листья желтеют снизу.
        Поливаешь часто?
        Каждый день понемногу.
        Попробуй раз в три дня, но как следует. И подкорми.
        Чем?
        Золой или готовым комплексом, главное не переборщить.
        Спасибо! Если выживут, урожай пополам 🍅
        """,
        """
        Ты сегодня на скалодром?
        Да, к восьми. Есть свободная страховка?
        Есть. Хочу наконец пройти ту синюю.
        Там ключ в развороте корпуса, покажу.
        Осталось убедить в этом предплечья.
        Предплечья придут к пониманию, не сразу 😄
        """,
        """
        Собираем помощь приюту на субботу. Поедешь?
        Поеду. Что везти?
        Сухой корм, пелёнки, старые одеяла.
        Одеяла есть, корм куплю по дороге. Машина нужна?
        Нужна! Нас пока трое и гора коробок.
        Тогда заезжаю к десяти.
        Спасибо огромное!
        """,
    ],
    "en": [
        """
        Hi! I saw board games on your card. What do you play?
        Hello! Mostly Wingspan lately, and a lot of Azul.
        Nice. We meet on Thursdays above the bakery, there is always a free chair.
        That sounds lovely. What time?
        Seven. Somebody brings snacks, somebody explains the rules twice.
        I can do both. See you Thursday!
        """,
        """
        Morning! Run tomorrow?
        Only if it is after seven. And slow.
        Half past seven, slow, canal and back.
        How far is that really?
        Eight kilometers. Nine if we take the bridge.
        Fine. Coffee afterwards is not optional.
        Never was ☕
        """,
        """
        Did you get home all right?
        Yes, though the last train was packed. Great gig!
        The second support act was my favorite, to be honest.
        Same! I already bought their record.
        They play again in March. Shall I get tickets?
        Please do. I owe you for the last time as well.
        """,
        """
        Quick question: which lens for portraits indoors?
        A 50 at f/1.8 if the room is big, a 35 if it is not.
        It is a very small kitchen.
        Then 35, and mind the noses.
        😂 Noted. Are you at the photo walk on Sunday?
        Yes, ten o'clock at the market hall.
        """,
        """
        How is the sourdough going?
        Third loaf, first one that is not a brick.
        Congratulations! Picture?
        Later today. The starter finally smells like yogurt.
        Name it, they behave better with a name.
        Clint Yeastwood.
        Perfect.
        """,
        """
        Fancy the hills on Saturday? Forecast looks fine.
        Yes! Which route?
        The ridge, twelve miles, one pub.
        In that order?
        Pub at mile nine, so nobody gives up early.
        You have thought about this. I will bring sandwiches.
        """,
        """
        Привет! Can I practice my Russian with you?
        Конечно! I will fix mistakes only if you ask.
        Please ask for me 😅 I mean, please fix.
        Хорошо. Что ты делаешь в выходные?
        Я иду в музей с другом.
        Отлично, ни одной ошибки!
        Ура!
        """,
        """
        The seedlings came up! All of them!
        All forty? Where will you put them?
        That is the problem. Do you want tomatoes?
        I have a balcony and no sense of moderation. Six, please.
        Six it is. I will drop them off tomorrow.
        Come for tea then 🍅
        """,
    ],
}


def lines(talk):
    return [line.strip() for line in talk.strip().splitlines()]
