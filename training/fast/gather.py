"""Gathers voices: what is spoken by programs for the training, and which real recording has which role.

    python gather.py --data ../../../shared/data --work DIR [--utterances 1600]

DIR gets voices/*.wav (16 kHz, one utterance each), real/*.wav (8 or 16 kHz, one channel each),
voices.csv and real.csv. A file has one role for good:

* train: heard in training, with the teacher's scores. No label of a person is ever used in training.
* dev: labelled; chooses sizes, epochs and weights.
* test: labelled; heard once, at the end. No speaker of the AMI test files is in a dev file.

Text of English utterances is from the PriMock57 transcripts (CC BY 4.0), the Russian is our own.
"""

import argparse
import csv
import random
import re
import subprocess
from pathlib import Path

HVB = "two_channel/hvb"
AMI = "vad/pyannote_ami"
# Path, which channel, role; labels are found by name (see evaluate.py).
REAL = [
    ("two_channel/aws_lca/Auto_Repairs_40_UTC_stereo.wav", "left", "train"),
    ("two_channel/aws_lca/Auto_Repairs_40_UTC_stereo.wav", "right", "train"),
    ("two_channel/genesys_audiohook/test-transcript-connector.wav", "left", "train"),
    ("two_channel/genesys_audiohook/test-transcript-connector.wav", "right", "train"),
    ("two_channel/dual_mono_negative/Sample1.mp3", "left", "train"),
    ("two_channel/speechmatics/call-center-sample.wav", "right", "train"),
    ("mono_calls/tinkoff_ru/sample_1.mp3", "", "train"),
    ("mono_calls/tinkoff_ru/sample_3.wav", "", "train"),
    ("mono_calls/tone_ru/audio_short.flac", "", "train"),
    ("mono_calls/vcon_fake_tts/*.mp3", "", "train"),
    (f"{HVB}/stereo/0002f70f7386445b.wav", "left", "train"),
    (f"{HVB}/stereo/0002f70f7386445b.wav", "right", "train"),
    (f"{HVB}/stereo/0091a706bc604188.wav", "left", "dev"),
    (f"{HVB}/stereo/0091a706bc604188.wav", "right", "dev"),
    (f"{AMI}/trn00.wav", "", "dev"),
    (f"{AMI}/trn03.wav", "", "dev"),
    (f"{HVB}/stereo/01cefd6f5c044a6f.wav", "left", "test"),
    (f"{HVB}/stereo/01cefd6f5c044a6f.wav", "right", "test"),
    (f"{HVB}/stereo/01f7ec3700424bc0.wav", "left", "test"),
    (f"{HVB}/stereo/01f7ec3700424bc0.wav", "right", "test"),
    (f"{AMI}/trn04.wav", "", "test"),
    (f"{AMI}/trn05.wav", "", "test"),
    (f"{AMI}/trn06.wav", "", "test"),
    ("vad/pyannote_sample/sample.wav", "", "test"),
]

RUSSIAN = [
    "добрый день", "здравствуйте", "меня зовут {имя}", "чем могу помочь", "подскажите пожалуйста",
    "у меня вопрос по договору", "не приходит код подтверждения", "какая у вас ставка",
    "минуту ожидайте на линии", "сейчас посмотрю", "спасибо за ожидание", "да", "нет", "угу",
    "хорошо", "понятно", "конечно", "а когда придут деньги", "карта заблокирована",
    "назовите фамилию и отчество", "адрес доставки {улица} дом {число}", "номер заявки {число} {число}",
    "это уже третий звонок за неделю", "почему меня опять переключают", "я буду жаловаться",
    "сумма {число} рублей {мал} копеек", "перевод прошёл вчера вечером", "повторите ещё раз",
    "вас плохо слышно", "перезвоните мне после обеда", "интернет не работает с самого утра",
    "мастер приедет в четверг с девяти до шестнадцати", "ещё остались вопросы", "всего доброго",
    "до свидания", "я вас слышу", "одну секунду", "так", "ну смотрите", "мне приложение пишет ошибку",
    "чек я отправила на почту", "ваше обращение зарегистрировано", "благодарю за звонок",
]
NAMES = "анна ольга сергей дмитрий жанна тимур юлия фёдор зинаида вячеслав ксения".split()
STREETS = "ленина садовая цветочная широкая набережная щорса жукова мира".split()
# Languages of espeak-ng that read the English text with their own sounds.
LANGUAGES = "en-us en-gb en-gb-scotland en-029 de es fr it pl pt tr nl sv cs hu fi ro hi".split()
VARIANTS = (
    "Adam Alex Andy Annie Belinda Denis Diogo Gene Henrique Hugo Jacky Linda Marcelo Mario Max "
    "Michael Nguyen Pablo Paul Pedro Quincy Steph Steph2 Steph3 anika norbert sandro shelby travis "
    "victor female1 female2 female3 female4 female5 male1 male2 male3 male4 male5 male6 male7 male8 "
    "klatt klatt2 klatt3 klatt4 klatt5 klatt6 whisper croak grandpa grandma"
).split()
FLITE = ["kal16", "awb", "rms", "slt"]


def english(data):
    said = []
    for path in sorted((data / "turns_only/primock57/transcripts").glob("*.TextGrid")):
        for text in re.findall(r'text = "(.*?)"', path.read_text(encoding="utf-8", errors="replace")):
            text = re.sub(r"<.*?>|[^A-Za-z0-9',.?! ]", " ", text).strip()
            if 2 < len(text) < 220:
                said.append(text)
    return said


def russian(draw):
    fill = {
        "{имя}": lambda: draw.choice(NAMES),
        "{улица}": lambda: draw.choice(STREETS),
        "{число}": lambda: str(draw.randrange(3, 9_999)),
        "{мал}": lambda: str(draw.randrange(1, 99)),
    }
    text = ", ".join(draw.sample(RUSSIAN, draw.choice([1, 1, 2, 2, 3, 4])))
    for gap, value in fill.items():
        while gap in text:
            text = text.replace(gap, value(), 1)
    return text


def speak(draw, said, path):
    """Returns the program, the language and the voice."""
    kind = draw.random()
    if kind < 0.35:
        voice = draw.choice(FLITE)
        text = re.sub(r"[^A-Za-z0-9., ]", "", draw.choice(said)) or "yes"
        words = path.with_suffix(".txt")
        words.write_text(text)
        source = f"flite=textfile={words}:voice={voice}"
        # Faster or slower and higher or lower, as another throat would be.
        rate = draw.uniform(0.85, 1.2)
        bent = f"asetrate=16000*{rate},aresample=16000,atempo={draw.uniform(0.85, 1.15)}"
        run("ffmpeg", "-f", "lavfi", "-i", source, "-af", bent, "-ac", "1", "-ar", "16000", path)
        words.unlink()
        return "flite", "en", voice
    language = "ru" if kind < 0.7 else draw.choice(LANGUAGES)
    text = russian(draw) if language == "ru" else draw.choice(said)
    voice = draw.choice(VARIANTS)
    raw = path.with_suffix(".raw.wav")
    run("espeak-ng", "-v", f"{language}+{voice}", "-s", str(draw.randrange(110, 260)), "-p",
        str(draw.randrange(15, 85)), "-w", raw, text)  # fmt: skip
    run("ffmpeg", "-i", raw, "-ac", "1", "-ar", "16000", path)
    raw.unlink()
    return "espeak-ng", language, voice


def run(program, *arguments):
    quiet = ["-v", "error", "-y", "-threads", "1"] if program == "ffmpeg" else []
    subprocess.run([program, *quiet, *map(str, arguments)], check=True, capture_output=True)


def table(path, names, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(names)
        out.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--utterances", type=int, default=1_600)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    for folder in ["voices", "real"]:
        (arguments.work / folder).mkdir(parents=True, exist_ok=True)
    rows = []
    for pattern, channel, role in REAL:
        for path in sorted(arguments.data.glob(pattern)):
            name = f"{path.stem}{'-' + channel if channel else ''}.wav"
            pan = {"": "anull", "left": "pan=mono|c0=c0", "right": "pan=mono|c0=c1"}[channel]
            # Decoded as it is: the front end and the teacher resample for themselves.
            keep = [] if path.suffix == ".wav" else ["-ar", "16000"]
            to = arguments.work / "real" / name
            run("ffmpeg", "-i", path, "-af", pan, "-ac", "1", *keep, to)
            rows.append([f"real/{name}", path.relative_to(arguments.data), channel, role])
    table(arguments.work / "real.csv", ["file", "source", "channel", "role"], rows)
    said = english(arguments.data)
    rows = []
    for i in range(arguments.utterances):
        path = arguments.work / "voices" / f"{i:05}.wav"
        rows.append([f"voices/{path.name}", *speak(draw, said, path)])
    table(arguments.work / "voices.csv", ["file", "program", "language", "voice"], rows)


if __name__ == "__main__":
    main()
