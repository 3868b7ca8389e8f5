import { ASTERISK } from "../../bytes/ascii";
import { addressOf, Bytes, bytesOf, endsWith, slice } from "../../bytes/bytes";
import { Fields } from "../../config/fields";
import { JsonType } from "../../json/values";
import { modelText } from "../../request/model-name";
import { ModelWeights } from "../../usage/model-weights";
import { MAX_WEIGHT, TokenWeights, WEIGHT_SCALE } from "../../usage/weights";

export const MODEL_WEIGHTS = "model_weights";
const REST = bytesOf("*");

/** Reads `model_weights`. @param all `token_weights`, which they multiply @returns null if all models count alike */
export function readModelWeights(fields: Fields, all: TokenWeights): ModelWeights | null {
  const value = fields.get(MODEL_WEIGHTS);
  if (value === null || value.type == JsonType.Null) return null;
  const block = Fields.of(value, fields.at(MODEL_WEIGHTS), fields.problems);
  if (block === null) return null;
  const models = new ModelWeights(all, WEIGHT_SCALE);
  const names = value.keys;
  // What is not listed comes first, because it may be the dearest.
  for (let pass = 0; pass < 2; ++pass) {
    for (let i = 0; i < names.length; ++i) {
      const name = modelText(addressOf(names[i]), names[i].byteLength);
      const path = block.path.unknownField(names[i]);
      const isRest = name !== null && name.byteLength == 1 && load<u8>(addressOf(name)) == ASTERISK;
      if (isRest != (pass == 0)) continue;
      const weight = block.tenThousandthsOf(path, value.items[i], WEIGHT_SCALE, MAX_WEIGHT);
      if (weight * all.largest > MAX_WEIGHT * WEIGHT_SCALE * WEIGHT_SCALE)
        fields.problems.error(path, "times the largest of token_weights is more than 100");
      else if (name === null) fields.problems.error(path, "is no name of a model");
      else if (isRest) models.addRest(all.times(weight), weight);
      else if (!addModel(models, name, all.times(weight), weight))
        fields.problems.warning(path, "is there more than once; the first one counts");
    }
  }
  return models;
}

function addModel(models: ModelWeights, name: Bytes, weights: TokenWeights, weight: i64): bool {
  const isPrefix = endsWith(name, REST);
  return models.add(isPrefix ? slice(name, 0, name.byteLength - 1) : name, isPrefix, weights, weight);
}
