#!/usr/bin/env python3
"""Makes the demonstration archive: a dozen short calls in Russian, each odd in its own way.

Needs espeak-ng (the voices), sox and ffmpeg (band and formats); Python's standard library
otherwise. The dialogues are our own, and no real person, bank or number stands behind them.
Run it in this directory; it rewrites every file beside it save itself:

    python3 make_demo.py

Times. A phrase is synthesised on its own, cut to its sound and laid on the call clock, so its start
and end are exact to 10 ms. Words are spread over their phrase by their letters: near the truth, but
not it. Levels, noise and pauses are fixed or drawn from a seed: the same programs give the same
files.
"""

import array
import csv
import json
import random
import re
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

RATE = 8000
HERE = Path(__file__).resolve().parent
A, C = "agent", "customer"

# Voice, pitch (0-99) and words per minute of each speaker.
VOICES = {
    "анна": ("ru+f2", 55, 138),
    "игорь": ("ru+m3", 40, 142),
    "мария": ("ru+f3", 60, 165),
    "клиент": ("ru+m1", 35, 128),
    "клиентка": ("ru+f4", 50, 140),
    "торопливый": ("ru+m7", 45, 178),
    "пожилая": ("ru+f5", 40, 108),
}


def hold(seconds):
    """The customer is on hold; nobody speaks."""
    return ("hold", seconds)


def say(side, text, gap=0.3, mood=None):
    """A phrase, `gap` seconds after the last one's end; below 0 it begins before that end.
    `mood` is P(positive), P(negative)."""
    return (side, text, gap, mood)


CALLS = [
    {
        "id": "demo-01", "file": "demo-01.wav", "codec": "pcm_s16le",
        "agent": "анна", "customer": "клиент",
        "about": "Calm and short: nothing is wrong. The call to compare the others with.",
        "meta": {"ivr_status": "transferred_by_design", "ivr_duration_s": 18,
                 "ivr_path": "greeting:ok>main_menu:ok>cards:ok", "queue_wait_s": 6, "holds": [],
                 "history": (4, 0.0), "mark": 5},
        "talk": [
            say(A, "Добрый день, меня зовут Анна. Чем могу помочь?"),
            say(C, "Здравствуйте. Хочу узнать, пришла ли новая карта."),
            say(A, "Сейчас посмотрю. Назовите, пожалуйста, последние четыре цифры договора."),
            say(C, "Сорок два семнадцать."),
            say(A, "Спасибо. Карта уже в отделении, её можно забрать сегодня до восьми вечера."),
            say(C, "Отлично, а паспорт нужен?"),
            say(A, "Да, возьмите паспорт. Старую карту можно оставить на память, она закроется сама."),
            say(C, "А платежи по подпискам перейдут на новую?"),
            say(A, "Перейдут автоматически, делать ничего не нужно. Что-нибудь ещё подсказать?"),
            say(C, "Нет, спасибо большое."),
            say(A, "Хорошего дня!"),
        ],
    },
    {
        "id": "demo-02", "file": "demo-02.wav", "codec": "pcm_mulaw",
        "agent": "мария", "customer": "торопливый", "transcript": "salute",
        "about": "Interruptions: the agent cuts in four times, the customer twice. The transcript "
                 "is in the shape of SaluteSpeech, with emotions.",
        "meta": {"ivr_status": "transferred_by_design", "ivr_duration_s": 34,
                 "ivr_path": "greeting:ok>main_menu:no_match>main_menu:ok>transfers:ok",
                 "queue_wait_s": 95, "holds": [], "history": (7, 0.29), "mark": 2},
        "talk": [
            say(A, "Банк, добрый день, Мария, слушаю вас.", mood=(0.04, 0.01)),
            say(C, "Я вчера отправил перевод брату в другой банк, и он до сих пор не дошёл, а "
                   "деньги у меня уже списали.", mood=(0.01, 0.35)),
            say(A, "Переводы идут до трёх рабочих дней, подождите.", gap=-1.4, mood=(0.01, 0.12)),
            say(C, "Дайте договорить! Мне в приложении написали, что перевод мгновенный, и комиссию "
                   "взяли как за мгновенный.", gap=-0.7, mood=(0.0, 0.71)),
            say(A, "Вы, наверное, указали не тот номер счёта.", gap=-1.2, mood=(0.01, 0.2)),
            say(C, "Номер правильный, я проверил три раза.", gap=0.2, mood=(0.0, 0.78)),
            say(A, "Тогда ждите, система обрабатывает платежи по очереди, это обычное дело, и "
                   "ускорить мы никак не можем.", gap=-0.9, mood=(0.01, 0.15)),
            say(C, "А кто может? Соедините со старшим.", gap=-1.2, mood=(0.0, 0.83)),
            say(A, "Старший смены сейчас занят, я оформлю обращение.", gap=-0.8, mood=(0.02, 0.1)),
            say(C, "Сколько ждать ответа?", gap=0.3, mood=(0.0, 0.62)),
            say(A, "До пяти рабочих дней, ответ придёт сообщением в приложение.", mood=(0.02, 0.08)),
            say(C, "Пять дней? Прекрасно. Оформляйте. До свидания.", gap=0.6, mood=(0.01, 0.7)),
        ],
    },
    {
        "id": "demo-03", "file": "demo-03.flac", "codec": "flac",
        "agent": "игорь", "customer": "клиентка",
        "about": "A long hold: 40 s with a quiet tone every five seconds on the customer's channel. "
                 "Its interval is in the metadata, so it is no silence of the talk.",
        "meta": {"ivr_status": "transferred_by_design", "ivr_duration_s": 21,
                 "ivr_path": "greeting:ok>main_menu:ok>loans:ok", "queue_wait_s": 41,
                 "history": (2, 0.5), "mark": 3},
        "talk": [
            say(A, "Здравствуйте, отдел кредитов, Игорь."),
            say(C, "Добрый день. Я погасила кредит, а мне пришло сообщение о долге."),
            say(A, "Понимаю. Давайте проверю, оставайтесь на линии, это займёт около минуты."),
            say(C, "Хорошо, жду."),
            hold(40),
            say(A, "Спасибо за ожидание. Остался долг за страховку, восемьдесят рублей.", gap=0.5),
            say(C, "За какую страховку? Мне никто о ней не говорил."),
            say(A, "Она оформлена вместе с договором. Могу отключить её с завтрашнего дня."),
            say(C, "Отключайте, пожалуйста."),
            say(A, "Готово. Сообщение придёт в течение часа. Всего доброго."),
            say(C, "До свидания."),
        ],
    },
    {
        "id": "demo-04", "file": "demo-04.mp3", "codec": "libmp3lame",
        "agent": "анна", "customer": "пожилая",
        "about": "Three silences of 7 to 11 s, no hold among them. An MP3, and a transcript with "
                 "emotions.",
        "meta": {"ivr_status": "failed", "ivr_duration_s": 52,
                 "ivr_path": "greeting:ok>main_menu:no_input>main_menu:no_input>main_menu:no_match",
                 "queue_wait_s": 63, "holds": [], "history": (0, None), "mark": 3},
        "talk": [
            say(A, "Добрый день, чем могу помочь?", mood=(0.05, 0.01)),
            say(C, "Девочка, я в магазине была, а карта не сработала.", mood=(0.02, 0.22)),
            say(A, "Назовите номер карты, пожалуйста.", mood=(0.03, 0.02)),
            say(C, "Сейчас, очки найду.", gap=0.8, mood=(0.08, 0.05)),
            say(C, "Двадцать два, ноль один, семь, семь.", gap=8.5, mood=(0.02, 0.08)),
            say(A, "Минуту, проверяю.", mood=(0.03, 0.02)),
            say(A, "Вижу попытку оплаты. Сейчас уточню причину.", gap=11.0, mood=(0.02, 0.03)),
            say(C, "Я слушаю.", gap=7.2, mood=(0.02, 0.18)),
            say(A, "Срок действия карты закончился. Новая ждёт вас в отделении.", gap=3.5,
                mood=(0.06, 0.02)),
            say(C, "Ну спасибо, доченька.", mood=(0.55, 0.03)),
            say(A, "Пожалуйста, всего вам доброго.", mood=(0.3, 0.01)),
        ],
    },
    {
        "id": "demo-05", "file": "demo-05.wav", "codec": "pcm_mulaw", "transcript": None,
        "agent": "игорь", "customer": "клиент",
        "about": "No transcript: everything over words and emotions is absent, with that reason. "
                 "The holds are unknown too.",
        "meta": {"ivr_status": "transferred_by_design", "ivr_duration_s": 14, "queue_wait_s": 0,
                 "history": None, "mark": None},
        "talk": [
            say(A, "Банк, Игорь, здравствуйте."),
            say(C, "Здравствуйте, подскажите курс доллара на сегодня."),
            say(A, "Покупка восемьдесят один, продажа восемьдесят три с половиной."),
            say(C, "А в отделении такой же?"),
            say(A, "Да, во всех отделениях города одинаково. Крупную сумму лучше заказать заранее."),
            say(C, "Крупная, это сколько?"),
            say(A, "От трёх тысяч. Закажете до обеда, завтра утром можно забрать."),
            say(C, "А паспорт нужен?"),
            say(A, "Да, паспорт обязателен, и возьмите карту, если хотите списать со счёта."),
            say(C, "Понял, спасибо."),
            say(A, "Рад был помочь, до свидания."),
        ],
    },
    {
        "id": "demo-06", "file": "demo-06.wav", "codec": "pcm_mulaw", "shape": "mono",
        "agent": "мария", "customer": "клиентка", "transcript": None,
        "about": "Mono by mistake: both sides in one channel, given as if it were stereo. It must "
                 "be refused, not measured.",
        "meta": {"ivr_status": "none", "queue_wait_s": 12, "holds": [], "history": (5, 0.2),
                 "mark": 4},
        "talk": [
            say(A, "Добрый день, Мария, слушаю вас."),
            say(C, "Здравствуйте, как подключить уведомления?"),
            say(A, "В приложении, в разделе настройки. Подсказать по шагам?"),
            say(C, "Да, пожалуйста, я открыла приложение."),
            say(A, "Нажмите на значок справа вверху и выберите раздел уведомления."),
            say(C, "Так, вижу. Тут три переключателя."),
            say(A, "Первый отвечает за покупки, второй за переводы, третий за рекламу."),
            say(C, "Включу два первых. Получилось, спасибо."),
            say(A, "Хорошего вечера."),
        ],
    },
    {
        "id": "demo-07", "file": "demo-07.wav", "codec": "pcm_mulaw", "shape": "cut",
        "agent": "анна", "customer": "торопливый", "transcript": None,
        "about": "A broken file: cut off in the middle, so the header promises more sound than "
                 "there is.",
        "meta": {"ivr_status": "transferred_by_design", "ivr_duration_s": 11, "queue_wait_s": 20,
                 "holds": [], "history": (3, 0.0), "mark": 4},
        "talk": [
            say(A, "Добрый день, чем могу помочь?"),
            say(C, "Добрый. Хочу поднять лимит по карте до ста тысяч."),
            say(A, "Лимит можно поднять сразу. Подтверждаете сто тысяч рублей в месяц?"),
            say(C, "Подтверждаю."),
            say(A, "Готово, лимит изменён. Что-нибудь ещё?"),
            say(C, "А снятие наличных тоже поднимется?"),
            say(A, "Нет, наличные считаются отдельно. Там сейчас тридцать тысяч в день."),
            say(C, "Нет, это всё, спасибо."),
        ],
    },
    {
        "id": "demo-08", "file": "demo-08.wav", "codec": "pcm_alaw",
        "agent": "игорь", "customer": "пожилая",
        "about": "A-law, and a customer who speaks far slower than the agent.",
        "meta": {"ivr_status": "completed", "ivr_duration_s": 61,
                 "ivr_path": "greeting:ok>main_menu:ok>voice_robot:ok>account:ok",
                 "queue_wait_s": 33, "holds": [], "history": (9, 0.11), "mark": 4},
        "talk": [
            say(A, "Здравствуйте, это банк, меня зовут Игорь, слушаю."),
            say(C, "Здравствуйте. Пенсия в этом месяце придёт вовремя?", gap=0.9),
            say(A, "Зачисление десятого числа, как обычно. Переносов нет."),
            say(C, "А то соседке задержали.", gap=0.8),
            say(A, "У неё, возможно, другой банк или менялся номер счёта, поэтому и задержка."),
            say(C, "Счёт у меня старый, ничего не менялось.", gap=0.9),
            say(A, "У вас всё в порядке, задержек не вижу."),
            say(C, "Дай вам бог здоровья.", gap=1.0),
            say(A, "Спасибо, и вам. До свидания."),
        ],
    },
    {
        "id": "demo-09", "file": "demo-09", "codec": "pcm_mulaw", "shape": "two", "offset": 1.5,
        "agent": "анна", "customer": "клиентка",
        "about": "Two mono files; the customer's recording began 1.5 s after the agent's.",
        "meta": {"ivr_status": "transferred_by_design", "ivr_duration_s": 25,
                 "ivr_path": "greeting:ok>main_menu:ok>account:ok", "queue_wait_s": 17,
                 "holds": [], "history": (6, 0.17), "mark": 5},
        "talk": [
            say(A, "Добрый вечер, Анна, слушаю вас."),
            say(C, "Добрый вечер. Можно ли открыть вклад без визита в отделение?"),
            say(A, "Конечно, прямо в приложении. Ставка по нему даже выше."),
            say(C, "Насколько выше?"),
            say(A, "На полпроцента. И снимать можно в любой день без потери дохода."),
            say(C, "А проценты когда приходят?"),
            say(A, "В последний день месяца, их можно сразу перевести на карту."),
            say(C, "Здорово, тогда сама открою. Спасибо!", gap=-0.4),
            say(A, "Будут вопросы, звоните."),
        ],
    },
    {
        "id": "demo-10", "file": "demo-10.wav", "codec": "pcm_mulaw", "channel": "right",
        "agent": "мария", "customer": "торопливый",
        "about": "The IVR failed twice before the customer asked for a person, as he has in 11 of "
                 "12 earlier calls; then three minutes of queue. The agent is on the right.",
        "meta": {"ivr_status": "operator_requested", "ivr_duration_s": 47.5,
                 "ivr_path": "greeting:ok>main_menu:no_match>main_menu:no_match>"
                             "main_menu:operator_requested",
                 "queue_wait_s": 187, "holds": [], "history": (12, 0.9167), "mark": 1},
        "talk": [
            say(A, "Добрый день, Мария, чем могу помочь?"),
            say(C, "Наконец-то живой человек! Я полчаса говорю с вашим роботом."),
            say(A, "Приношу извинения за ожидание. Что у вас случилось?", gap=0.9),
            say(C, "Заблокировали карту, а я на кассе стою. Разблокируйте немедленно."),
            say(A, "Для этого нужно подтвердить последнюю операцию.", gap=1.2),
            say(C, "Какую операцию? Я ничего не покупал.", gap=-0.3),
            say(A, "Тогда карту придётся перевыпустить, разблокировать её я не могу."),
            say(C, "И сколько ждать новую?"),
            say(A, "От трёх до пяти дней, раньше карту не изготовят.", gap=1.1),
            say(C, "Безобразие. Закрою у вас все счета."),
            say(A, "Мне очень жаль.", gap=1.5),
        ],
    },
    {
        "id": "demo-11", "file": "demo-11.flac", "codec": "flac",
        "agent": "игорь", "customer": "клиентка",
        "about": "The agent talks nearly all the time; the customer gets in little but «угу». FLAC.",
        "meta": {"ivr_status": "transferred_by_design", "ivr_duration_s": 16, "queue_wait_s": 9,
                 "holds": [], "history": (1, 0.0), "mark": 3},
        "talk": [
            say(A, "Здравствуйте, меня зовут Игорь. Пока открывается ваш счёт, расскажу о карте с кешбэком."),
            say(C, "Угу.", gap=-0.6),
            say(A, "Кешбэк начисляется рублями, десять процентов на аптеки, семь на такси и три на "
                   "всё остальное, и ещё до конца месяца обслуживание бесплатное.", gap=0.2),
            say(C, "Так.", gap=-3.0),
            say(A, "Кроме того, к карте открывается накопительный счёт, деньги на нём работают "
                   "каждый день, и снять их можно когда угодно без комиссии.", gap=2.8),
            say(C, "Понятно.", gap=0.2),
            say(A, "Оформляем? Курьер привезёт её завтра в любое удобное время."),
            say(C, "Я подумаю."),
            say(A, "Хорошо, предложение действует до пятницы. До свидания."),
        ],
    },
    {
        "id": "demo-12", "file": "demo-12.opus", "codec": "libopus",
        "agent": "анна", "customer": "клиент",
        "about": "Ogg Opus: a sound file, of a kind that a build without an Opus decoder must name "
                 "as unsupported.",
        "meta": {"ivr_status": "unknown", "queue_wait_s": 28, "holds": [], "history": (4, 0.5),
                 "mark": None},
        "talk": [
            say(A, "Добрый день, Анна, слушаю."),
            say(C, "Добрый. Как поменять номер телефона?"),
            say(A, "В банкомате или в отделении, нужен паспорт."),
            say(C, "А по телефону нельзя?"),
            say(A, "К сожалению, нет: это защищает ваши деньги."),
            say(C, "Логично. А если я в другом городе?"),
            say(A, "Подойдёт любое отделение, прописка значения не имеет."),
            say(C, "Сообщения на старый номер ещё придут?"),
            say(A, "До смены номера да, потом все коды пойдут на новый."),
            say(C, "Хорошо, так и сделаю. Спасибо."),
            say(A, "Всего доброго."),
        ],
    },
    {
        "id": "звонок-13", "file": "звонок-13 ипотека.wav", "codec": "pcm_mulaw",
        "agent": "игорь", "customer": "клиентка",
        "about": "Cyrillic id, and a file name with Cyrillic and a space. Two short holds.",
        "meta": {"ivr_status": "transferred_by_design", "ivr_duration_s": 19,
                 "ivr_path": "greeting:ok>main_menu:ok>loans:ok", "queue_wait_s": 74,
                 "history": (3, 0.33), "mark": 4},
        "talk": [
            say(A, "Ипотечный отдел, Игорь, здравствуйте."),
            say(C, "Здравствуйте, хочу внести досрочный платёж."),
            say(A, "Секунду, открою договор."),
            hold(6),
            say(A, "Открыл. Уменьшаем срок или платёж?", gap=0.4),
            say(C, "А что выгоднее?"),
            say(A, "Сейчас посчитаю.", gap=0.2),
            hold(8),
            say(A, "Если сократить срок, переплата меньше на сорок тысяч.", gap=0.4),
            say(C, "Тогда срок."),
            say(A, "Принято, спишем завтра утром."),
            say(C, "Спасибо."),
        ],
    },
]

# The broken one that is no sound at all: a page that a download saved in place of the recording.
GARBAGE = {
    "id": "demo-14", "file": "demo-14.wav",
    "about": "A broken file: the text of an error page under a WAV name.",
    "text": "<!DOCTYPE html><html><body><h1>403 Forbidden</h1></body></html>\n",
    "meta": {"ivr_status": "transferred_by_design", "ivr_duration_s": 20, "queue_wait_s": 5,
             "holds": [], "history": (2, 0.0), "mark": 5},
}


def run(*command):
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)


def phrase(speaker, text, folder, cache={}):
    """Returns the samples of a spoken phrase at 8 kHz, cut to its sound."""
    if (speaker, text) in cache:
        return cache[speaker, text]
    voice, pitch, speed = VOICES[speaker]
    raw, low = folder / "raw.wav", folder / "low.wav"
    run("espeak-ng", "-v", voice, "-p", pitch, "-s", speed, "-w", raw, text)
    # -R -D: the same samples each time, no dither. The telephone band.
    run("sox", "-R", "-D", raw, "-r", RATE, "-b", 16, "-c", 1, low, "sinc", "300-3400",
        "gain", "-n", "-8")
    with wave.open(str(low)) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    loud = [i for i, s in enumerate(samples) if abs(s) > 150]
    cache[speaker, text] = samples[loud[0]:loud[-1] + 1]
    return cache[speaker, text]


def lay(call, folder):
    """Lays a call's phrases on its clock; returns samples of each side, utterances and holds."""
    clock, last, lines, holds = 0.6, 0.6, [], []
    for item in call["talk"]:
        if item[0] == "hold":
            start = round(clock + 0.6, 2)
            holds.append((start, start + item[1]))
            clock = last = start + item[1]
            continue
        side, text, gap, mood = item
        sound = phrase(call[side], text, folder)
        start = round(max(0.3, last + (gap if lines else 0.0)), 2)
        end = start + len(sound) / RATE
        lines.append((side, text, start, end, mood, sound))
        last, clock = end, max(clock, end)
    noise = random.Random(call["id"])
    count = int((clock + 0.8) * RATE)
    sides = {}
    for side in (A, C):
        # A line noise of about -66 dBFS, so that silence is not digital.
        samples = [noise.uniform(-28, 28) for _ in range(count)]
        for who, _, start, _, _, sound in lines:
            if who == side:
                offset = int(start * RATE)
                for i, s in enumerate(sound):
                    samples[offset + i] += s * (0.8 if side == A else 0.6)
        sides[side] = samples
    for start, end in holds:
        tone(sides[C], start, end)
    whole = {s: array.array("h", (int(max(-32768, min(32767, x))) for x in v))
             for s, v in sides.items()}
    return whole, lines, holds, count / RATE


def tone(samples, start, end):
    """A quiet beep of 0.3 s every five seconds of a hold."""
    import math
    at = start + 1.0
    while at + 0.3 < end:
        for i in range(int(0.3 * RATE)):
            samples[int(at * RATE) + i] += 250 * math.sin(2 * math.pi * 440 * i / RATE)
        at += 5.0


def words(text, start, end):
    """Spreads the words of a phrase over it by their letters."""
    tokens = re.findall(r"[\w-]+", text.lower())
    whole = sum(len(t) + 1 for t in tokens)
    done, spread = 0, []
    for token in tokens:
        begin = start + (end - start) * done / whole
        done += len(token) + 1
        spread.append((token, round(begin, 2), round(start + (end - start) * done / whole, 2)))
    return spread


def own_transcript(lines, duration):
    utterances = []
    for side, text, start, end, mood, _ in lines:
        item = {"side": side, "start_s": round(start, 2), "end_s": round(end, 2),
                "words": [{"text": w, "start_s": s, "end_s": e}
                          for w, s, e in words(text, start, round(end, 2))]}
        if mood:
            item["emotion"] = {"positive": mood[0], "neutral": round(1 - sum(mood), 4),
                               "negative": mood[1]}
        utterances.append(item)
    return {"format": "callcsi-transcript", "version": 1, "duration_s": round(duration, 3),
            "utterances": utterances}


def salute_transcript(lines, duration):
    """The shape that SaluteSpeech's asynchronous recognition returns; the agent is channel 0."""
    def seconds(t):
        return f"{t:.3f}s"
    answer = []
    for side, text, start, end, mood, _ in sorted(lines, key=lambda line: line[2]):
        spread = words(text, start, round(end, 2))
        positive, negative = mood
        answer.append({
            "results": [{
                "text": " ".join(w for w, _, _ in spread), "normalized_text": text,
                "start": seconds(start), "end": seconds(round(end, 2)),
                "word_alignments": [{"word": w, "start": seconds(s), "end": seconds(e)}
                                    for w, s, e in spread],
            }],
            "eou": True,
            "emotions_result": {"positive": positive,
                                "neutral": round(1 - positive - negative, 4),
                                "negative": negative},
            "processed_audio_start": "0s", "processed_audio_end": seconds(duration),
            "channel": 0 if side == A else 1,
            "speaker_info": {"speaker_id": -1, "main_speaker_confidence": 0},
            "eou_reason": "ORGANIC", "insight": "",
        })
    return answer


def write_wav(path, channels):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        frames = array.array("h", (s for frame in zip(*channels) for s in frame))
        file.writeframes(frames.tobytes())


def encode(channels, path, codec, folder):
    raw = folder / "mix.wav"
    write_wav(raw, channels)
    rate = {"libmp3lame": ["-b:a", "32k"], "libopus": ["-b:a", "24k"]}.get(codec, [])
    run("ffmpeg", "-v", "error", "-y", "-i", raw, "-map_metadata", "-1", "-fflags", "+bitexact",
        "-flags:a", "+bitexact", "-c:a", codec, *rate, path)


COLUMNS = (
    "call_id,audio,agent_channel,transcript,duration_s,ivr_status,ivr_duration_s,ivr_path,"
    "ivr_step_count,ivr_no_input_count,ivr_no_match_count,ivr_repeat_count,"
    "ivr_operator_request_count,ivr_last_node,queue_wait_s,hold_count,hold_total_s,hold_longest_s,"
    "holds,customer_always_requests_operator,customer_ivr_history_count,"
    "customer_operator_request_share,customer_id,operator_id,mark,survey_status,"
    "audio_agent,audio_customer,customer_offset_s").split(",")


def row(call, holds, duration):
    meta = call["meta"]
    cells = {"call_id": call["id"], "ivr_status": meta["ivr_status"],
             "ivr_duration_s": meta.get("ivr_duration_s"), "queue_wait_s": meta["queue_wait_s"],
             "duration_s": duration and round(duration, 3),
             "customer_id": f"demo-customer-{call['id'][-2:]}",
             "operator_id": "demo-operator-" + str(1 + list(VOICES).index(call.get("agent", "анна")))}
    if "ivr_path" in meta:
        steps = [step.split(":") for step in meta["ivr_path"].split(">")]
        outcomes = [outcome for _, outcome in steps]
        cells |= {"ivr_path": meta["ivr_path"], "ivr_step_count": len(steps),
                  "ivr_no_input_count": outcomes.count("no_input"),
                  "ivr_no_match_count": outcomes.count("no_match"),
                  "ivr_repeat_count": len(steps) - len({node for node, _ in steps}),
                  "ivr_operator_request_count": outcomes.count("operator_requested"),
                  "ivr_last_node": steps[-1][0]}
    holds = holds or meta.get("holds")
    if holds is not None:
        lengths = [end - start for start, end in holds]
        cells |= {"hold_count": len(holds), "hold_total_s": round(sum(lengths), 3),
                  "hold_longest_s": round(max(lengths), 3) if lengths else None,
                  "holds": ";".join(f"{s:g}-{e:g}" for s, e in holds)}
    if meta["history"] is not None:
        count, share = meta["history"]
        cells |= {"customer_ivr_history_count": count, "customer_operator_request_share": share}
        if count >= 3:
            cells["customer_always_requests_operator"] = int(share >= 0.9)
    if meta["mark"]:
        cells |= {"mark": meta["mark"], "survey_status": "answered"}
    else:
        cells["survey_status"] = "no_response"
    return cells


def main():
    rows, pages = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for call in CALLS:
            sides, lines, holds, duration = lay(call, folder)
            cells = row(call, holds, duration)
            path = HERE / call["file"]
            shape = call.get("shape", "stereo")
            order = [A, C] if call.get("channel", "left") == "left" else [C, A]
            if shape == "two":
                skipped = int(call["offset"] * RATE)
                cells |= {"audio_agent": f"{call['file']}-agent.wav",
                          "audio_customer": f"{call['file']}-customer.wav",
                          "customer_offset_s": call["offset"]}
                encode([sides[A]], HERE / cells["audio_agent"], call["codec"], folder)
                encode([sides[C][skipped:]], HERE / cells["audio_customer"], call["codec"], folder)
            else:
                cells |= {"audio": call["file"], "agent_channel": call.get("channel", "left")}
                mono = [array.array("h", (max(-32768, min(32767, a + c))
                                          for a, c in zip(sides[A], sides[C])))]
                channels = mono if shape == "mono" else [sides[s] for s in order]
                encode(channels, path, call["codec"], folder)
            if shape == "cut":
                whole = path.read_bytes()
                path.write_bytes(whole[:len(whole) // 2 + 1])
            kind = call.get("transcript", "own")
            if kind:
                make = salute_transcript if kind == "salute" else own_transcript
                name = f"{call['id']}.json"
                text = json.dumps(make(lines, duration), ensure_ascii=False, indent=1)
                (HERE / name).write_text(text + "\n", encoding="utf-8")
                cells["transcript"] = name
            rows.append(cells)
            pages.append((call, cells, lines, holds))
    (HERE / GARBAGE["file"]).write_text(GARBAGE["text"])
    cells = row(GARBAGE, [], None) | {"audio": GARBAGE["file"], "agent_channel": "left"}
    rows.append(cells)
    pages.append((GARBAGE, cells, [], []))
    with open(HERE / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    (HERE / "README.md").write_text(readme(pages), encoding="utf-8")


def readme(pages):
    text = """# The demonstration archive

Fourteen short calls in Russian to a bank that does not exist, spoken by espeak-ng; `manifest.csv`
lists them. Each shows one thing that archives hold, faults included. `make_demo.py` makes every
file here, this page too.

The truth below is the script's: speech is the sum of the phrases as laid on the call clock, pauses
inside a phrase and all, so a detector will find somewhat less. Word times in the transcripts are
spread over each phrase by letters; phrase times are exact to 10 ms. Marks are invented.

| call | file | length, s | agent speaks, s | customer speaks, s | overlap, s | holds, s | mark |
|---|---|---|---|---|---|---|---|
"""
    for call, cells, lines, holds in pages:
        spoken = {s: sum(e - b for w, _, b, e, _, _ in lines if w == s) for s in (A, C)}
        overlap = sum(max(0.0, min(e, f) - max(b, g))
                      for w, _, b, e, _, _ in lines if w == A
                      for v, _, g, f, _, _ in lines if v == C)
        name = cells.get("audio") or f"{cells['audio_agent']}, {cells['audio_customer']}"
        times = [cells.get("duration_s") or "–"]
        times += [f"{x:.1f}" if lines else "–" for x in (spoken[A], spoken[C], overlap)]
        held = ", ".join(f"{s:g}–{e:g}" for s, e in holds) or "–"
        text += f"| {call['id']} | {name} | " + " | ".join(map(str, times))
        text += f" | {held} | {cells.get('mark', '–')} |\n"
    text += "\n## What each is for\n\n"
    for call, *_ in pages:
        text += f"* **{call['id']}** {call['about']}\n"
    return text


if __name__ == "__main__":
    sys.exit(main())
