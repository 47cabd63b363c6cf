"""Recognises English with PocketSphinx: python3 pocketsphinx_words.py CALL.wav > words.json

An example of a recogniser for --asr-command: it reads 16-bit PCM at 16 kHz, one channel, and writes
one JSON object an utterance, as Vosk does. `pip install pocketsphinx` brings the English model.
"""

import io
import json
import sys
import wave

from pocketsphinx import Decoder, Segmenter, get_model_path

model = get_model_path() + "/en-us"
decoder = Decoder(
    hmm=model + "/en-us",
    lm=model + "/en-us.lm.bin",
    dict=model + "/cmudict-en-us.dict",
    loglevel="FATAL",
)
FRAME = 0.01  # seconds: the decoder works on 100 frames a second

with wave.open(sys.argv[1]) as sound:
    segmenter = Segmenter(sample_rate=sound.getframerate())
    samples = io.BytesIO(sound.readframes(sound.getnframes()))
    for speech in segmenter.segment(samples):
        decoder.start_utt()
        decoder.process_raw(speech.pcm, full_utt=True)
        decoder.end_utt()
        words = [
            {
                "word": segment.word.split("(")[0],
                "start": round(speech.start_time + FRAME * segment.start_frame, 3),
                "end": round(speech.start_time + FRAME * (segment.end_frame + 1), 3),
                "conf": decoder.get_logmath().exp(segment.prob),
            }
            for segment in decoder.seg() or []
            if segment.word[0] not in "<["
        ]
        text = " ".join(word["word"] for word in words)
        print(json.dumps({"result": words, "text": text}, ensure_ascii=False))
