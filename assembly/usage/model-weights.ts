import { addressOf, Bytes } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { TokenWeights } from "./weights";

/**
 * How much the tokens of each model count (`model_weights`), by the name of the model in lower case: its own weights, else those of
 * the longest prefix, else those of `*`, else the ones that all models have. Immutable once it has been read.
 */
@final
export class ModelWeights {
  /** From names, and from prefixes, to the numbers of their weights. */
  private readonly names: ByteTable = new ByteTable();
  private readonly prefixes: ByteTable = new ByteTable();
  private readonly weights: TokenWeights[] = [];
  /** The length of the longest prefix, in bytes. */
  private longest: i32 = 0;
  private rest: TokenWeights;
  /** The weights of a model that is not known: the largest, so that nobody gains by hiding a model. */
  private dearest: TokenWeights;
  private most: i64;

  /** @param all the weights of models that are not listed @param scale how much one of their tokens counts */
  constructor(all: TokenWeights, scale: i64) {
    this.rest = this.dearest = all;
    this.most = scale;
  }

  /** The models that are not listed have these weights. @param weight how much one token counts */
  addRest(weights: TokenWeights, weight: i64): void {
    this.rest = this.dearest = weights;
    this.most = weight;
  }

  /** @param isPrefix whether it is the beginning of names @returns false if it is listed already */
  add(name: Bytes, isPrefix: bool, weights: TokenWeights, weight: i64): bool {
    if (weight > this.most) {
      this.most = weight;
      this.dearest = weights;
    }
    if (isPrefix) this.longest = max(this.longest, name.byteLength);
    this.weights.push(weights);
    return (isPrefix ? this.prefixes : this.names).add(name, this.weights.length - 1);
  }

  /** The weights for a model; null, or an empty name, is one that is not known. */
  find(model: Bytes | null): TokenWeights {
    if (model === null || model.byteLength == 0) return this.dearest;
    const ptr = addressOf(model);
    const exact = this.names.find(ptr, model.byteLength);
    if (exact >= 0) return this.weights[exact];
    for (let size = min(this.longest, model.byteLength); size > 0; --size) {
      const prefix = this.prefixes.find(ptr, size);
      if (prefix >= 0) return this.weights[prefix];
    }
    return this.rest;
  }
}
