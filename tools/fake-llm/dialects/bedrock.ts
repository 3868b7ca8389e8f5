import { FAILURE, type JsonReply } from "./dialect.ts";
import type { WireEvent } from "../framings.ts";

const ERROR_TYPES: Readonly<Record<number, string>> = {
  403: "AccessDeniedException",
  404: "ResourceNotFoundException",
  429: "ThrottlingException",
  503: "ServiceUnavailableException",
};

/** An error of the Bedrock runtime (docs.aws.amazon.com, API_runtime_Converse, Errors). */
export function bedrockError(status: number, message: string): JsonReply {
  const type = ERROR_TYPES[status] ?? (status < 500 ? "ValidationException" : "InternalServerException");
  return { body: { message }, headers: { "x-amzn-errortype": type } };
}

/** An exception in the middle of an event stream. */
export const BEDROCK_FAILURE: WireEvent = { name: "modelStreamErrorException", data: { message: FAILURE } };

/** Bedrock pads its events with a member of a length that varies. */
export const PADDING = { p: "abcdefghijkl" };

/** Milliseconds, where a metric is to be told. */
export const LATENCY = 500;
