import "../../../assembly/abi/abort";
import { Consumption } from "../../../assembly/usage/consumption";
import { TokenWeights } from "../../../assembly/usage/weights";

export function charge(weights: i64[], tokens: i64[]): i64 {
  const w = new TokenWeights(weights[0], weights[1], weights[2], weights[3], weights[4]);
  const consumed = new Consumption();
  consumed.set(tokens[0], tokens[1], tokens[2], tokens[3], tokens[4]);
  return w.charge(consumed);
}
