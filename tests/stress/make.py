#!/usr/bin/env python3
"""Makes a folder of broken calls with good ones among them, and broken manifests.

    python3 tests/stress/make.py DEMO FIXTURES FOLDER [SEED]

DEMO is the demonstration archive, FIXTURES the folder of short compressed recordings. Standard library
only; the same seed gives the same bytes. FOLDER gets `manifest.csv` (column `kind`: what is broken;
`expected`: what must come out), `good.csv` (the good calls alone) and `broken/` (manifests that are no
manifest, with `broken.csv` to say what each must give).

What is expected is what the reader of the results needs, decided before the program was asked:
`failed:KIND` (who has to act), `warned:CODE`, `scored` (nothing but bounded time and memory is asked), or several with `|` where chance decides which one.
"""

import base64
import csv
import gzip
import json
import os
import random
import shutil
import socket
import struct
import sys
import zlib
from pathlib import Path

RATE = 8000
VARIANTS = 10


def samples(rng, seconds, channels=2, loud=6000):
    """Bursts of noise, each channel on its own: something to hear, and no two channels alike."""
    frames = int(seconds * RATE)
    columns = []
    for c in range(channels):
        on = [rng.random() < 0.6 for _ in range(frames // 800 + 1)]
        columns.append([rng.randint(-loud, loud) if on[i // 800] else rng.randint(-3, 3) for i in range(frames)])
    return columns


def pcm(columns):
    flat = [x for frame in zip(*columns) for x in frame]
    return struct.pack(f"<{len(flat)}h", *flat)


def wav(data, channels=2, rate=RATE, bits=16, tag=1, align=None, claimed=None):
    align = channels * bits // 8 if align is None else align
    claimed = len(data) if claimed is None else claimed
    fmt = struct.pack("<HHIIHH", tag, channels, rate, (rate * align) % 2**32, align, bits)
    riff = min(claimed + 36, 2**32 - 1)
    return (b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + struct.pack("<I", 16) + fmt
            + b"data" + struct.pack("<I", claimed) + data)


def rf64(data, claimed):
    fmt = struct.pack("<HHIIHH", 1, 2, RATE, RATE * 4, 4, 16)
    ds64 = struct.pack("<QQQI", claimed + 72, claimed, claimed // 4, 0)
    top = 2**32 - 1
    return (b"RF64" + struct.pack("<I", top) + b"WAVEds64" + struct.pack("<I", 28) + ds64
            + b"fmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", top) + data)


def transcript(utterances, duration=3.0, **more):
    return {"format": "callcsi-transcript", "version": 1, "duration_s": duration, "utterances": utterances} | more


def utterance(side, start, end, words):
    step = (end - start) / max(1, len(words))
    words = [{"text": w, "start_s": round(start + i * step, 3), "end_s": round(start + (i + 1) * step, 3)}
             for i, w in enumerate(words)]
    return {"side": side, "start_s": start, "end_s": end, "words": words}


def dumps(value):
    return json.dumps(value, ensure_ascii=False).encode()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Maker:
    def __init__(self, demo, fixtures, folder, seed):
        self.demo, self.fixtures, self.folder = demo, fixtures, folder
        self.rng = random.Random(seed)
        self.rows = []
        # A sound recording for rows in which something else is broken.
        self.sound = [wav(pcm(samples(self.rng, 3.0))) for _ in range(VARIANTS)]
        for i, data in enumerate(self.sound):
            self.file(f"sound-{i}.wav", data)

    def file(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return name

    def row(self, kind, i, expected, **cells):
        row = {"call_id": f"{kind}-{i}", "kind": kind, "expected": expected}
        if "audio" in cells or "audio_agent" in cells:
            row["agent_channel"] = "left" if "audio" in cells else ""
        self.rows.append(row | cells)

    def audio(self, kind, i, expected, data, suffix="wav"):
        self.row(kind, i, expected, audio=self.file(f"audio/{kind}-{i}.{suffix}", data))

    def words(self, kind, i, expected, data, suffix="json"):
        name = self.file(f"words/{kind}-{i}.{suffix}", data)
        self.row(kind, i, expected, audio=f"sound-{i}.wav", transcript=name)

    def facts(self, kind, i, expected, data):
        name = self.file(f"facts/{kind}-{i}.json", data if isinstance(data, bytes) else dumps(data))
        self.row(kind, i, expected, audio=f"sound-{i}.wav", metadata=name)

    def vcon(self, kind, i, expected, data, suffix="vcon"):
        data = data if isinstance(data, bytes) else dumps(data)
        self.row(kind, i, expected, vcon=self.file(f"vcons/{kind}-{i}.{suffix}", data))

    # --- recordings ---

    def wavs(self):
        rng = self.rng
        for i in range(VARIANTS):
            tone = samples(rng, 2.0 + 0.1 * i)
            data = pcm(tone)
            whole = wav(data)
            self.audio("wav_empty", i, "failed:ill_formed" if i == 0 else "failed:unsupported", b"\0" * i)
            self.audio("wav_header_cut", i, "failed:ill_formed", whole[: 4 + 4 * i])
            self.audio("wav_no_sound", i, "failed:ill_formed", wav(b"", rate=[8000, 16000, 44100, 48000][i % 4]))
            self.audio("wav_claims_hours", i, "warned:truncated", wav(data, claimed=0x70000000 + 4096 * i))
            self.audio("wav_block_align", i, "warned:header", wav(data, align=[0, 1, 2, 3, 5, 7, 9, 11, 101, 65535][i]))
            self.audio("wav_no_channels", i, "failed:ill_formed", wav(data, channels=0, align=i))
            self.audio("wav_one_channel", i, "failed:mismatch", wav(pcm(tone[:1]), channels=1))
            self.audio("wav_many_channels", i, "failed:mismatch", wav(pcm(tone[:1] * (i + 3)), channels=i + 3))
            if i < 3:
                self.audio("wav_rate", i, "failed:ill_formed|failed:unsupported", wav(data, rate=0, bits=16))
            else:
                rate = [1, 7, 99, 1_000_000, 50_000_000, 2**31, 4_000_000_000][i - 3]
                self.audio("wav_rate", i, "failed:unsupported", wav(data, rate=rate))
            tag = [0, 4, 5, 0x10, 0x22, 0x31, 0x42, 0x1234, 0x7FFF, 0xFFFD][i]
            self.audio("wav_unknown_codec", i, "failed:unsupported", wav(data, tag=tag))
            odd = [float("nan"), float("inf"), float("-inf")]
            floats = [x / 32768 for frame in zip(*tone) for x in frame]
            for _ in range(1 + 100 * i):
                floats[rng.randrange(len(floats))] = odd[i % 3]
            self.audio("wav_not_finite", i, "warned:not_finite",
                       wav(struct.pack(f"<{len(floats)}f", *floats), bits=32, tag=3))
            floats = [float(x) for frame in zip(*tone) for x in frame]
            self.audio("wav_integers_as_floats", i, "warned:out_of_range",
                       wav(struct.pack(f"<{len(floats)}f", *floats), bits=32, tag=3))
            self.audio("wav_cut_in_frame", i, "warned:truncated", whole[: -(1 + i % 3) - 400 * i])
            self.audio("wav_partial_frame", i, "warned:partial_frame", wav(data[: -4 * i - 1 - i % 3]))
            self.audio("rf64_lies", i, "warned:truncated", rf64(data, len(data) + 10 ** (3 + i)))
            text = ["<html><body>502 Bad Gateway</body></html>", "{\"error\": 404}", "не найдено",
                    "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"][i % 4]
            self.audio("text_as_wav", i, "failed:unsupported", (text * (i + 1)).encode())
            self.audio("dual_mono", i, "warned:dual_mono", wav(pcm([tone[0], tone[0]])))
            sides = [tone[0], [0] * len(tone[0])]
            self.audio("silent_channel", i, "warned:channel_silent", wav(pcm(sides[:: 1 if i % 2 else -1])))
            self.hours(i)

    def hours(self, i):
        """A recording of 13 to 31 hours of silence that takes no place on the disk."""
        size = (13 + 2 * i) * 3600 * RATE * 4
        name = self.file(f"audio/too_long-{i}.wav", wav(b"", claimed=size))
        with open(self.folder / name, "r+b") as file:
            file.truncate(44 + size)
        self.row("too_long", i, "failed:unsupported", audio=name)

    def compressed(self):
        rng = self.rng
        damaged = "warned:damaged|warned:broke_off|warned:truncated"
        magics = [b"fLaC", b"OggS", b"ID3\x04\0\0\0\0\0\x0a", b"\0\0\0\x20ftypM4A ", b"\xff\xf1\x50\x80",
                  b"fLaC\0\0\0\x22", b"OggS\0\x02" + b"\0" * 20, b"\xff\xfb\x90\x64", b"\x1aE\xdf\xa3", b"FORM\0\0\1\0AIFF"]
        flac = (self.fixtures / "tone.flac").read_bytes()
        for i in range(VARIANTS):
            self.audio("magic_then_noise", i, "failed:ill_formed|failed:unsupported",
                       magics[i] + rng.randbytes(2000 + 500 * i))
            spoilt = bytearray(flac)
            for _ in range(3 + i):
                spoilt[rng.randrange(len(flac) // 4, len(flac))] ^= 1 << rng.randrange(8)
            self.audio("flac_flipped", i, damaged, bytes(spoilt), "flac")
            self.audio("flac_cut", i, damaged, flac[: len(flac) * (70 + 2 * i) // 100], "flac")
            # Ogg pages have a checksum: a flipped page can be told.
            name = ["tone.ogg", "tone.opus"][i % 2]
            whole = (self.fixtures / name).read_bytes()
            spoilt = bytearray(whole)
            pages = [at for at in range(len(whole)) if whole.startswith(b"OggS", at)]
            at = rng.randrange(pages[2] + 27 if len(pages) > 2 else len(whole) // 2, len(whole))
            for step in range(8):
                spoilt[min(len(whole) - 1, at + step)] ^= 0xFF
            self.audio("ogg_flipped", i, damaged + "|failed:ill_formed", bytes(spoilt), name[5:])
            # MPEG audio has no length of its own: a cut file is a shorter one. What stands in MP4 has.
            m4a = (self.fixtures / "tone.m4a").read_bytes()
            self.audio("m4a_cut", i, damaged + "|failed:ill_formed", m4a[: len(m4a) * (2 + i // 2) // 10 + i], "m4a")

    def no_files(self):
        folder = self.folder / "audio"
        os.mkfifo(folder / "pipe.wav")
        (folder / "folder.wav").mkdir()
        os.symlink("/dev/zero", folder / "zero.wav")
        os.symlink("nothing.wav", folder / "dangling.wav")
        os.symlink("loop.wav", folder / "loop.wav")
        os.symlink("pipe.wav", folder / "link-to-pipe.wav")
        # A socket's path must be short: bound from within its folder.
        there = os.getcwd()
        os.chdir(folder)
        socket.socket(socket.AF_UNIX).bind("socket.wav")
        os.chdir(there)
        io, out = "failed:io", "failed:invalid"
        names = [("pipe.wav", io), ("folder.wav", io), ("zero.wav", out), ("dangling.wav", io), ("loop.wav", io),
                 ("link-to-pipe.wav", io), ("socket.wav", io), ("nothing.wav", io), ("a/b/nothing.wav", io),
                 ("n" * 300 + ".wav", io)]
        for i, (name, expected) in enumerate(names):
            self.row("no_file", i, expected, audio=f"audio/{name}")

    # --- transcripts ---

    def transcripts(self):
        rng = self.rng
        vocabulary = "добрый день карта перевод спасибо подскажите пожалуйста номер договора".split()
        unknown = [{}, [], 1, "text", {"a": 1}, {"results": 5}, [[]], {"text": None}, {"words": {}}, {"segments": "x"}]
        for i in range(VARIANTS):
            talk = [utterance("agent", 0.1, 1.2, rng.sample(vocabulary, 3)),
                    utterance("customer", 1.3, 2.6, rng.sample(vocabulary, 4))]
            sound = dumps(transcript(talk))
            self.words("words_empty_file", i, "failed:ill_formed", b" \n"[: i % 3] * i)
            self.words("words_cut", i, "failed:ill_formed", sound[: len(sound) * (i + 1) // 11])
            opening = [b"[", b'{"a":', b'{"utterances":[', b'[{"x":'][i % 4]
            self.words("words_deep", i, "failed:ill_formed" if i % 2 else "failed:ill_formed|failed:unsupported", opening * 100_000 + (b"" if i % 2 else b"]" * 100_000))
            self.words("words_unknown_shape", i, "failed:unsupported|failed:ill_formed|warned:transcript_empty", dumps(unknown[i]))
            bad = ["NaN", "Infinity", "-Infinity", "1e999", "\"x\"", "1.0.0", "[]", "true", "{}", "-"][i]
            self.words("words_no_number", i, "failed:ill_formed", sound.replace(b'"start_s": 0.1', b'"start_s": ' + bad.encode(), 1))
            early = -0.5 - i
            times = transcript([dict(talk[0], start_s=early, end_s=early + 0.2,
                                     words=[{"text": "да", "start_s": early, "end_s": early + 0.2}])] + talk)
            self.words("words_before_call", i, "warned:transcript_outside", dumps(times))
            back = json.loads(sound)
            for u in back["utterances"][: 1 + i % 2]:
                w = u["words"][i % 3]
                w["start_s"], w["end_s"] = w["end_s"], w["start_s"]
            self.words("words_end_before_start", i, "warned:transcript_times", dumps(back))
            huge = json.loads(sound)
            huge["utterances"][i % 2]["words"][0]["text"] = "ж" * (1_000_000 * (i + 1))
            self.words("words_huge", i, "warned:transcript_long_words", dumps(huge))
            encoding = ["shift_jis", "utf-16-le", "utf-16-be", "utf-32", "cp1251", "koi8-r", "cp866", "iso8859-5", "mac_cyrillic", "utf-32-be"][i]
            self.words("words_encoding", i, "failed:ill_formed|failed:unsupported", sound.decode().encode(encoding))
            later = transcript(talk + [utterance("agent", 20.0 + i, 22.0 + i, ["чужой", "звонок"]),
                                       utterance("customer", 60.0 * (i + 1), 60.0 * (i + 1) + 2, ["другой"])], duration=None)
            del later["duration_s"]
            self.words("words_of_another_call", i, "warned:transcript_outside|warned:transcript_too_long", dumps(later))
            self.words("words_twice", i, "warned:transcript_repeated", dumps(transcript(talk + talk[: 1 + i % 2])))

    # --- facts and rows ---

    def metadata(self):
        for i in range(VARIANTS):
            whole = dumps({"queue": {"wait_s": 5.0 + i}, "holds": {"count": 1}})
            self.facts("facts_cut", i, "failed:ill_formed", whole[: (len(whole) - 1) * i // 10])
            unknown = [{"queu": {}}, {"queue": {"wait": 4}}, {"ivr": {"step": 1}}, {"customer": {"idd": 1}}, {"hold": 1},
                       {"queue": {"wait_s": 4, "x": 1}}, {"": 1}, {"IVR": {}}, {"waits": []}, {"очередь": 5}][i]
            self.facts("facts_unknown_key", i, "failed:ill_formed", unknown)
            self.facts("facts_negative", i, "failed:invalid", {"queue": {"wait_s": -0.001 * 10**i}})
            wrong = ["5", [], {}, True, "five", [5], {"s": 5}, "5,5", False, "-"][i]
            self.facts("facts_wrong_type", i, "failed:ill_formed", {"queue": {"wait_s": wrong}})
            clock = ["2025-01-02T03:04:05", "2025-01-02", "02.01.2025 03:04", "1735787045", "yesterday", "2025-13-01T00:00:00Z",
                     "2025-02-30T00:00:00Z", "2025-01-02T25:00:00Z", "2025-01-02T03:04:05+99:00", "T"][i]
            self.row("row_time", i, "failed:ill_formed|failed:invalid", audio=f"sound-{i}.wav", recording_start=clock)
            self.row("holds_past_end", i, "failed:invalid|warned:holds_outside",
                     audio=f"sound-{i}.wav", holds=f"{10 + i}-{40 + i}")

    def rows_of_table(self):
        outside = ["../x.wav", "audio/../../x.wav", "/etc/passwd", "/dev/zero", "//x.wav", "../../../../dev/zero",
                   "sound-0.wav/../../x", "/proc/self/mem", "./../x.wav", "..\\x.wav"]
        urls = ["http://localhost/a.wav", "https://example.org/a.wav", "s3://bucket/a.wav", "file:///etc/passwd", "ftp://x/a.wav",
                "gs://b/a.wav", "HTTP://X/a.wav", "data:audio/wav;base64,AAAA", "sftp://x/a.wav", "rtsp://x/a"]
        for i in range(VARIANTS):
            audio = f"sound-{i}.wav"
            self.row("row_id_twice", i, "failed:invalid", audio=audio, call_id="dual_mono-0")
            self.row("row_no_id", i, "failed:invalid|failed:ill_formed", audio=audio, call_id=" " * i)
            number = ["12,5", "5 s", "1.2.3", "--5", "0x10", "пять", "1e", "nan", "inf", "1 000"][i]
            self.row("row_number", i, "failed:ill_formed|failed:invalid", audio=audio, queue_wait_s=number)
            self.row("row_both_recordings", i, "failed:mismatch", audio=audio, audio_agent=audio, audio_customer=audio)
            self.row("row_one_of_two", i, "failed:mismatch|failed:invalid", **{["audio_agent", "audio_customer"][i % 2]: audio})
            channel = ["лево", "L", "0", "1", "middle", "agent", "both", "left,right", "левый", "?"][i]
            self.row("row_channel", i, "failed:invalid|failed:ill_formed", audio=audio)
            self.rows[-1]["agent_channel"] = channel
            # A backslash is a letter of a file name here, so the last one is a file that is not there.
            self.row("row_outside", i, "failed:io" if "\\" in outside[i] else "failed:invalid", audio=outside[i])
            self.row("row_url", i, "failed:invalid|failed:unsupported|failed:io", audio=urls[i])

    # --- vCons ---

    def vcons(self):
        rng = self.rng
        bomb = gzip_bomb()
        for i in range(VARIANTS):
            body = b64(self.sound[i])
            dialog = {"type": "recording", "start": "2025-01-02T03:04:05Z", "duration": 3.0, "parties": [0, 1],
                      "mediatype": "audio/x-wav", "body": body, "encoding": "base64url"}
            whole = {"vcon": "0.4.0", "uuid": f"018f0000-0000-8000-8000-{i:012d}", "created_at": "2025-01-02T03:04:05Z",
                     "parties": [{"role": "agent"}, {"role": "customer"}], "dialog": [dialog]}
            with_dialog = lambda **more: whole | {"dialog": [dialog | more]}
            signed = {"payload": b64(dumps(whole)), "signatures": [{"protected": "e30", "signature": b64(rng.randbytes(32))}]}
            sealed = {"protected": "e30", "unprotected": {"cty": "vcon"}, "recipients": [], "iv": "AA", "ciphertext": b64(rng.randbytes(99)), "tag": "AA"}
            self.vcon("vcon_sealed", i, "failed:unsupported", [signed, sealed][i % 2])
            self.vcon("vcon_critical", i, "failed:unsupported", whole | {"critical": ["x" * (i + 1)]})
            spoilt = body[: 100 + i] + "*" + body[101 + i :]
            self.vcon("vcon_base64", i, "failed:ill_formed", with_dialog(body=spoilt))
            self.vcon("vcon_hash", i, "failed:mismatch", with_dialog(content_hash="sha512-" + b64(rng.randbytes(64))))
            self.vcon("vcon_cut", i, "failed:ill_formed", dumps(whole)[: (i + 1) * 300])
            self.vcon("vcon_gzip_bomb", i, "failed:ill_formed|failed:invalid|failed:unsupported",
                      bomb[:4] + struct.pack("<I", i) + bomb[8:], "vcon.gz")
            self.vcon("vcon_gzip_cut", i, "failed:ill_formed|failed:io", gzip.compress(dumps(whole), mtime=0)[: (i + 1) * 200], "vcon.gz")
            self.vcon("vcon_address", i, "failed:unsupported|failed:io|failed:invalid",
                      whole | {"dialog": [{k: v for k, v in dialog.items() if k not in ("body", "encoding")}
                                          | {"url": f"https://example.org/{i}"}]})

    def good(self):
        """Twenty good calls: those of the demonstration, and some of them again without a transcript."""
        with open(self.demo / "manifest.csv", encoding="utf-8") as file:
            rows = [r for r in csv.DictReader(file) if r["call_id"] not in ("demo-06", "demo-07", "demo-14")]
        for row in rows:
            for cell in ("audio", "audio_agent", "audio_customer", "transcript"):
                if row[cell]:
                    shutil.copyfile(self.demo / row[cell], self.folder / row[cell])
        bare = [row | {"call_id": row["call_id"] + "-bare", "transcript": ""} for row in rows if row["transcript"]]
        return [row | {"kind": "good", "expected": "good"} for row in rows + bare][:20]

    def all(self):
        self.wavs()
        self.compressed()
        self.no_files()
        self.transcripts()
        self.metadata()
        self.rows_of_table()
        self.vcons()
        good = self.good()
        first = [r for r in self.rows if r["call_id"] == "dual_mono-0" and r["kind"] == "dual_mono"]
        rest = [r for r in self.rows if r is not first[0]] + good
        self.rng.shuffle(rest)
        columns = list(dict.fromkeys(c for r in good + self.rows for c in r))
        # The id that is given again comes first.
        for name, rows in [("manifest.csv", first + rest), ("good.csv", good)]:
            with open(self.folder / name, "w", encoding="utf-8", newline="") as file:
                table = csv.DictWriter(file, columns, restval="")
                table.writeheader()
                table.writerows(rows)
        self.tables()
        kinds = {r["kind"] for r in self.rows}
        print(f"{len(self.rows)} broken inputs of {len(kinds)} kinds, {len(good)} good calls")

    def tables(self):
        """Manifests that are none. `refused`: exit code 2 and a sentence; `row`: the row fails, the next is read."""
        row = "a,sound-0.wav,left\n"
        head = "call_id,audio,agent_channel\n"
        many = "call_id,audio,audio,agent_channel\na,sound-0.wav,sound-0.wav,left\n"
        broken = {
            "no_call_id": ("refused", ("id,audio\n" + "a,sound-0.wav\n").encode()),
            "column_twice": ("refused", many.encode()),
            "binary": ("refused", self.rng.randbytes(100_000)),
            "utf16": ("refused", (head + row).encode("utf-16")),
            "empty": ("refused", b""),
            "only_spaces": ("refused", b" \n\n"),
            "wav": ("refused", self.sound[0]),
            "open_quote": ("row", (head + '"a,sound-0.wav,left\n' + row * 3).encode()),
            "long_line": ("row", head.encode() + b"a" * 100_000_000 + b",sound-0.wav,left\n"),
            "long_header": ("refused", b"a," * 5_000_000 + b"\n1\n"),
            "too_few_cells": ("row", (head + "a\n").encode()),
            "too_many_cells": ("row", (head + "a,sound-0.wav,left,x,y\n").encode()),
            "cp1251": ("row", head.encode() + "звонок,sound-0.wav,left\n".encode("cp1251")),
            "zero_bytes": ("row", head.encode() + b"a\0b,sound\0-0.wav,left\n"),
        }
        lines = ["name,expected\n"]
        (self.folder / "broken").mkdir()
        os.symlink("../sound-0.wav", self.folder / "broken" / "sound-0.wav")
        for name, (expected, data) in broken.items():
            self.file(f"broken/{name}.csv", data)
            lines.append(f"{name}.csv,{expected}\n")
        self.file("broken.csv", "".join(lines).encode())


def gzip_bomb():
    """1 GB of spaces in 1 MB: one flushed block again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * (16 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * 64 + b"\x03\0" + struct.pack("<II", 0, 0)


def main():
    demo, fixtures, folder = map(Path, sys.argv[1:4])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    folder.mkdir(parents=True, exist_ok=True)
    Maker(demo, fixtures, folder, seed).all()


if __name__ == "__main__":
    main()
