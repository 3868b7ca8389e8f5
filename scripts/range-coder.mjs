// An adaptive binary range coder: writes decisions, each a bit with a model that says how probable a 0 is and learns from it.

const HALF = 1024;
const ONE = 2 * HALF;
const ADAPTATION = 4;
const TOP = 2 ** 24;

/** Writes a number between 0 and 1: each bit narrows the range that it lies in. */
export class Encoder {
  wasMatch = 0;
  distance = 0;
  bytes = [];
  low = 0;
  range = 2 ** 32 - 1;

  /** @param count of models */
  constructor(count) {
    this.models = new Uint16Array(count).fill(HALF);
    this.counts = new Float64Array(2 * count).fill(0.4);
  }

  put(model, bit) {
    const zero = Math.floor(this.range / ONE) * this.models[model];
    if (bit) {
      this.low += zero;
      this.range -= zero;
    } else {
      this.range = zero;
    }
    learn(this.models, model, bit);
    ++this.counts[2 * model + bit];
    while (this.range < TOP) this.shift();
  }

  shift() {
    this.carry();
    this.bytes.push(Math.floor(this.low / TOP));
    this.low = (this.low % TOP) * 256;
    this.range *= 256;
  }

  /** What does not fit is added to the bytes before. */
  carry() {
    if (this.low < 2 ** 32) return;
    this.low -= 2 ** 32;
    let at = this.bytes.length - 1;
    while (this.bytes[at] === 255) this.bytes[at--] = 0;
    ++this.bytes[at];
  }

  end() {
    this.carry();
    for (let i = 0; i < 4; ++i) this.shift();
    return Buffer.from(this.bytes);
  }
}

/** Reads what an encoder with as many models has written. */
export class Decoder {
  range = 2 ** 32 - 1;

  constructor(bytes, count) {
    this.models = new Uint16Array(count).fill(HALF);
    this.bytes = bytes;
    this.at = 4;
    this.code = bytes.readUInt32BE();
  }

  bit(model) {
    const zero = Math.floor(this.range / ONE) * this.models[model];
    const bit = this.code >= zero ? 1 : 0;
    if (bit) {
      this.code -= zero;
      this.range -= zero;
    } else {
      this.range = zero;
    }
    learn(this.models, model, bit);
    while (this.range < TOP) {
      this.range *= 256;
      this.code = this.code * 256 + this.bytes[this.at++];
    }
    return bit;
  }
}

function learn(models, model, bit) {
  models[model] += bit ? -(models[model] >> ADAPTATION) : (ONE - models[model]) >> ADAPTATION;
}
