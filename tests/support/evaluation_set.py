"""The fixed evaluation set of the embedded model: everyday sentences written by hand for measuring, never trained on.

The test suite speaks them with espeak-ng, in voice variants that no training clip used.
"""

from __future__ import annotations

import functools
import io
import random
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

HELD_OUT_VARIANTS = ("f5", "m7", "klatt2", "Andy", "Tweaky", "belinda")

SENTENCES = """
आज सुबह से बिजली नहीं है इसलिए पानी भी नहीं आया
मेरी दादी हर शाम हमें पुरानी कहानियाँ सुनाती हैं
क्या तुमने कभी समुद्र में सूरज को डूबते देखा है
डाकिया दो चिट्ठियाँ और एक पार्सल दे गया
बारिश रुकते ही बच्चे गली में खेलने निकल आए
मुझे इस शहर की भीड़ बिलकुल पसंद नहीं
रसोई से मसालों की बहुत अच्छी ख़ुशबू आ रही है
उसने बिना कुछ कहे दरवाज़ा बंद कर लिया
हम लोग अगले महीने नए मकान में रहने जाएँगे
आपकी गाड़ी गलत जगह खड़ी है कृपया हटा लीजिए
मेरे दाँत में कल रात से बहुत दर्द हो रहा है
स्टेशन पहुँचने में कम से कम चालीस मिनट लगेंगे
किसान आसमान की ओर देखकर बादलों का इंतज़ार कर रहे थे
परीक्षा का परिणाम पंद्रह जून को घोषित किया जाएगा
छोटी बहन ने दीवार पर रंगीन तितलियाँ बना दीं
पुलिस ने चोरी का सारा सामान बरामद कर लिया है
मेरे पिताजी सरकारी बैंक से पिछले साल रिटायर हुए
इस दुकान के समोसे पूरे मोहल्ले में मशहूर हैं
नदी का पानी इतना साफ़ था कि नीचे के पत्थर दिखते थे
तुम्हें इतनी रात को अकेले बाहर नहीं जाना चाहिए
डॉक्टर ने कहा है कि घबराने की कोई बात नहीं
मेरा मोबाइल चार्ज नहीं हो रहा शायद तार ख़राब है
उसकी आवाज़ में एक अजीब सी उदासी थी
शादी में लगभग तीन सौ मेहमान आने वाले हैं
ट्रेन के डिब्बे में बैठने की बिलकुल जगह नहीं थी
मैंने तुम्हारे लिए गरम दूध मेज़ पर रख दिया है
सड़क के दोनों ओर ऊँचे ऊँचे पेड़ लगे हुए हैं
मेरे भाई को बचपन से हवाई जहाज़ उड़ाने का शौक़ था
अगर आप चाहें तो हम यह काम कल भी कर सकते हैं
सब्ज़ी में नमक थोड़ा कम है बाक़ी सब ठीक है
उस बूढ़े आदमी ने मुस्कराकर हमें रास्ता दिखाया
अध्यापक ने बच्चों को सौर मंडल के बारे में समझाया
आपका पैकेट सोमवार दोपहर तक पहुँचा दिया जाएगा
मेरी खिड़की के बाहर रोज़ एक गौरैया आकर बैठती है
हमने पहाड़ी पर चढ़कर पूरे गाँव का नज़ारा देखा
क्या आप बता सकते हैं कि टिकट खिड़की किस तरफ़ है
कल की बैठक में नए बजट पर लंबी बहस हुई
उसे संगीत सीखते हुए अभी केवल छह महीने हुए हैं
गर्मी की छुट्टियों में हम नानी के घर आम खाते थे
यह किताब मैंने पुरानी दिल्ली के एक ठेले से ख़रीदी
पड़ोसियों ने मिलकर पार्क की सफ़ाई का बीड़ा उठाया
मेहनत करने वालों की कभी हार नहीं होती
इस साल सरसों की फ़सल बहुत अच्छी हुई है
माँ ने अलमारी में सर्दियों के कपड़े रख दिए
तुम्हारी चाय ठंडी हो रही है पहले उसे पी लो
उन्होंने अपनी सारी जमा पूँजी अस्पताल बनवाने में लगा दी
मैच के आख़िरी ओवर में हमारी टीम को बारह रन चाहिए थे
बैंक की छुट्टी होने से आज पैसे नहीं निकल पाए
जंगल में रात के समय जानवरों की आवाज़ें गूँजती हैं
मैं रोज़ साइकिल से दफ़्तर आता जाता हूँ
उसने अपनी नौकरी छोड़कर खेती शुरू कर दी
कृपया फ़ॉर्म के साथ अपने दो चित्र भी लगाइए
अंधेरा होते ही गाँव की गलियाँ सुनसान हो जाती हैं
हवाई अड्डे पर उनका सामान कहीं खो गया
बच्चे का नाम रखने के लिए पूरा परिवार इकट्ठा हुआ
मैंने सोचा था कि तुम मुझसे नाराज़ हो
यहाँ से सबसे नज़दीकी अस्पताल दो किलोमीटर दूर है
पुराने क़िले की दीवारें अब भी मज़बूत खड़ी हैं
हमारे स्कूल में हर शनिवार को योग की कक्षा होती है
बाज़ार में टमाटर अस्सी रुपये किलो बिक रहा है
इस खिलौने की बैटरी बदलनी पड़ेगी
मुझे लगता है कि हम ग़लत मोड़ पर मुड़ गए
शाम ढलते ही मंदिर की घंटियाँ बजने लगीं
उसके बाल लंबे और आँखें भूरी हैं
वैज्ञानिकों ने समुद्र की गहराई में एक नई मछली खोजी
अपने बुज़ुर्गों का आदर करना हमारा कर्तव्य है
बस वाले ने पूरे पैसे लेकर भी टिकट नहीं दिया
कल रात मैंने एक बहुत डरावना सपना देखा
तुम्हारे बिना यह घर बहुत सूना लगता है
सुबह की सैर से दिन भर ताज़गी बनी रहती है
चार दोस्तों ने मिलकर एक छोटा सा ढाबा खोला
पेंशन के काग़ज़ जमा करने की आख़िरी तारीख़ निकल चुकी है
""".strip().splitlines()

FIRST_SEED = 20
CONDITIONS = ("clean", "white_10db", "telephone")


@dataclass(frozen=True)
class Clip:
    """One spoken sentence: a WAV file's bytes, what was said, who said it and through what."""

    name: str
    wav: bytes
    text: str
    variant: str
    condition: str


def clips(condition: str = "clean", count: int | None = None, *, shift: int = 0) -> Iterator[Clip]:
    """The first `count` sentences, each in one held-out variant, the six taking turns; the same bytes on every call.

    shift: so many variants further, with the same rates and pitches.
    """
    for number, sentence in enumerate(SENTENCES[:count]):
        draw = random.Random(FIRST_SEED + number)
        variant = HELD_OUT_VARIANTS[(number + shift) % len(HELD_OUT_VARIANTS)]
        rate, pitch = draw.randint(130, 180), draw.randint(40, 60)
        samples, sample_rate = _speak(sentence, variant, rate, pitch)
        wav = _wav(*_through(samples, sample_rate, condition, number))
        yield Clip(f"{condition}_{number:03d}_{variant}", wav, sentence, variant, condition)


@functools.cache  # a sentence is spoken once, whatever is then done to it
def _speak(text: str, variant: str, rate: int, pitch: int) -> tuple[np.ndarray, int]:
    command = ["espeak-ng", "-v", f"hi+{variant}", "-s", str(rate), "-p", str(pitch), "--stdout", text]
    spoken = subprocess.run(command, capture_output=True, check=True).stdout
    # espeak-ng cannot seek in a pipe, so the header's sizes are wrong: read the rate, take the rest as samples.
    sample_rate = int.from_bytes(spoken[24:28], "little")
    return np.frombuffer(spoken[44 : len(spoken) - len(spoken) % 2], "<i2").astype(np.float32) / 32768, sample_rate


def _through(samples: np.ndarray, sample_rate: int, condition: str, seed: int) -> tuple[np.ndarray, int]:
    if condition == "white_10db":
        noise = np.random.default_rng(seed).standard_normal(len(samples)).astype(np.float32)
        return samples + noise * np.sqrt(np.mean(samples**2) / np.mean(noise**2) / 10), sample_rate
    if condition == "telephone":  # band-limit to 300..3400 Hz by FFT and bring to 8 kHz
        spectrum = np.fft.rfft(samples)
        frequency = np.fft.rfftfreq(len(samples), 1 / sample_rate)
        spectrum[(frequency < 300) | (frequency > 3400)] = 0
        length = len(samples) * 8000 // sample_rate
        shrunk = np.fft.irfft(spectrum[: length // 2 + 1], n=length) * (length / len(samples))
        return shrunk.astype(np.float32), 8000
    return samples, sample_rate


def _wav(samples: np.ndarray, sample_rate: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        peak = max(1.0, float(np.abs(samples).max()))
        file.writeframes((samples / peak * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
