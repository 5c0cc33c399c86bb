// The microphone and the realtime connection.

const RATE = 16000;
const TRANSCRIPTION = "conversation.item.input_audio_transcription.";

export class Live {
  // on: {partial(stable, unstable), final(words), level(samples), error({message, help, code}), end()}
  constructor(options, key, on) {
    this.options = options;
    this.key = key;
    this.on = on;
    this.chunks = [];
    this.stable = "";
    this.ended = false;
  }

  async start() {
    this.media = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    this.context = new AudioContext();
    await this.context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
    const url = new URL("v1/realtime?intent=transcription", document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    this.socket = new WebSocket(url, await this.#protocols());
    this.socket.onopen = () => this.#begin();
    this.socket.onmessage = (message) => this.#take(JSON.parse(message.data));
    this.socket.onclose = (event) => this.#finish(event.wasClean || this.told ? null : { lost: true });
  }

  // Browsers send no headers with a WebSocket: OpenAI's way to name a key in one, here one that soon expires.
  async #protocols() {
    if (!this.key) return ["realtime"];
    const headers = { Authorization: `Bearer ${this.key}` };
    const response = await fetch(new URL("v1/realtime/client_secrets", document.baseURI), { method: "POST", headers });
    const body = await response.json();
    if (!response.ok) throw body.error;
    return ["realtime", `openai-insecure-api-key.${body.value}`];
  }

  #begin() {
    const input = { format: { type: "audio/pcm", rate: RATE }, transcription: this.options };
    this.#send({ type: "session.update", session: { type: "transcription", audio: { input } } });
    this.source = this.context.createMediaStreamSource(this.media);
    this.node = new AudioWorkletNode(this.context, "packets", { numberOfOutputs: 0 });
    this.node.port.onmessage = ({ data }) => (data ? this.#append(data) : this.#commit());
    this.source.connect(this.node);
    if (this.stopping) this.stop();
  }

  #append(samples) {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.chunks.push(samples);
    this.on.level(samples);
    const bytes = new Uint8Array(samples.buffer);
    this.#send({ type: "input_audio_buffer.append", audio: btoa(String.fromCharCode(...bytes)) });
  }

  // The worklet sends what it has left, then says that this was all.
  stop() {
    this.stopping = true;
    this.node?.port.postMessage(null);
  }

  #commit() {
    this.#silence();
    this.#send({ type: "input_audio_buffer.commit", event_id: "last" });
    // The answer to this one comes behind whatever the commit brings.
    this.#send({ type: "input_audio_buffer.clear" });
  }

  #take(event) {
    switch (event.type) {
      case TRANSCRIPTION + "delta":
        this.stable += event.delta;
        this.on.partial(this.stable, event.unstable);
        break;
      case TRANSCRIPTION + "completed":
        this.stable = "";
        this.on.final(event.words);
        break;
      case TRANSCRIPTION + "failed":
        this.stable = "";
        this.on.error(event.error);
        break;
      case "error":
        if (event.error.event_id === "last") break; // nothing was left to commit
        this.told = true;
        this.on.error(event.error);
        this.socket.close(1000);
        break;
      case "input_audio_buffer.cleared":
        this.socket.close(1000);
    }
  }

  #send(event) {
    this.socket.send(JSON.stringify(event));
  }

  #silence() {
    this.source?.disconnect();
    this.media.getTracks().forEach((track) => track.stop());
  }

  #finish(problem) {
    if (this.ended) return;
    this.ended = true;
    this.#silence();
    this.context.close();
    this.on.end(problem);
  }

  // The recording as a WAV file.
  wav() {
    const n = this.chunks.reduce((sum, chunk) => sum + chunk.length, 0) * 2;
    const header = new DataView(new ArrayBuffer(44));
    const text = (at, value) => [...value].forEach((c, i) => header.setUint8(at + i, c.charCodeAt(0)));
    text(0, "RIFF"); header.setUint32(4, 36 + n, true); text(8, "WAVEfmt ");
    header.setUint32(16, 16, true); header.setUint16(20, 1, true); header.setUint16(22, 1, true);
    header.setUint32(24, RATE, true); header.setUint32(28, RATE * 2, true);
    header.setUint16(32, 2, true); header.setUint16(34, 16, true);
    text(36, "data"); header.setUint32(40, n, true);
    return new Blob([header, ...this.chunks], { type: "audio/wav" });
  }
}
