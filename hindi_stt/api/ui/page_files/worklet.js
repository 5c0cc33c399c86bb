// The microphone at whatever rate → PCM16 at 16 kHz in packets of a tenth of a second.

const RATE = 16000, PACKET = RATE / 10, TAPS = 48;

class Packets extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ratio = sampleRate / RATE;
    this.half = Math.ceil((TAPS / 2) * Math.max(1, this.ratio));
    this.cutoff = Math.min(1, 1 / this.ratio) * 0.92;
    this.input = new Float32Array(2 * this.half);
    this.position = this.half;
    this.packet = new Int16Array(PACKET);
    this.filled = 0;
    this.port.onmessage = () => { this.send(); this.port.postMessage(null); };
  }

  // Windowed-sinc interpolation: low-pass and resampling in one.
  at(position) {
    const centre = Math.floor(position);
    let sum = 0;
    for (let i = centre - this.half + 1; i <= centre + this.half; i++) {
      const t = position - i, x = Math.PI * t * this.cutoff;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      sum += (this.input[i] ?? 0) * sinc * this.cutoff * (0.5 + 0.5 * Math.cos((Math.PI * t) / this.half));
    }
    return sum;
  }

  process([[samples]]) {
    if (!samples) return true;
    const joined = new Float32Array(this.input.length + samples.length);
    joined.set(this.input);
    joined.set(samples, this.input.length);
    this.input = joined;
    while (this.position + this.half < this.input.length) {
      const value = Math.max(-1, Math.min(1, this.ratio === 1 ? this.input[this.position] : this.at(this.position)));
      this.packet[this.filled++] = Math.round(value * 32767);
      if (this.filled === PACKET) this.send();
      this.position += this.ratio;
    }
    const used = Math.max(0, Math.floor(this.position) - this.half);
    this.input = this.input.slice(used);
    this.position -= used;
    return true;
  }

  send() {
    if (!this.filled) return;
    this.port.postMessage(this.packet.slice(0, this.filled));
    this.filled = 0;
  }
}

registerProcessor("packets", Packets);
