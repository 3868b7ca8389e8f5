// The interface of output-caps.harness.ts, for its tests.
import { loadHarness } from "../../support/as.ts";

interface Harness {
  api(path: ArrayBuffer): number;
  family(model: ArrayBuffer): number;
  read(api: number, body: ArrayBuffer, cuts: number[]): void;
  isJsonWhenEmptyAfter(body: ArrayBuffer): boolean;
  isJson(): boolean;
  canWrite(): boolean;
  statedCap(): bigint;
  wantedCap(): bigint;
  multiplier(): bigint;
  thinkingBudget(): bigint;
  leastCap(): bigint;
  places(): number[];
  growth(cap: bigint): number;
  changedTo(): number;
  write(body: ArrayBuffer, cap: bigint): ArrayBuffer;
  copied(body: ArrayBuffer, cap: bigint): ArrayBuffer;
}

/** One path of each API, in the order of `Api` in assembly/request/api.ts. */
export const PATHS = {
  noOutput: "/v1/embeddings",
  ambiguous: "/v1/embeddings/../chat/completions",
  unknown: "/generate",
  chat: "/v1/chat/completions",
  completions: "/v1/completions",
  responses: "/v1/responses",
  messages: "/v1/messages",
  gemini: "/v1beta/models/gemini-3-pro:generateContent",
  ollama: "/api/chat",
  converse: "/model/anthropic.claude-sonnet-4-v1:0/converse",
  dashscope: "/api/v1/services/aigc/text-generation/generation",
  cohere: "/v2/chat",
} as const;
export type ApiName = keyof typeof PATHS;
export const API_NAMES = Object.keys(PATHS) as ApiName[];

/** What is read from a body. */
export interface Reading {
  readonly isJson: boolean;
  readonly canWrite: boolean;
  readonly stated: number;
  readonly wanted: number;
  readonly multiplier: number;
  readonly thinking: number;
  readonly least: number;
  readonly places: number[];
}

export const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
/** Keeps a byte order mark. */
const textOf = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString("utf8");

export async function loadCaps() {
  const harness = await loadHarness<Harness>("tests/unit/request/output-caps.harness.ts");
  const read = (api: ApiName, body: string | ArrayBuffer, cuts: number[] = []): Reading => {
    harness.read(API_NAMES.indexOf(api), typeof body === "string" ? bytesOf(body) : body, cuts);
    return {
      isJson: Boolean(harness.isJson()),
      canWrite: Boolean(harness.canWrite()),
      stated: Number(harness.statedCap()),
      wanted: Number(harness.wantedCap()),
      multiplier: Number(harness.multiplier()),
      thinking: Number(harness.thinkingBudget()),
      least: Number(harness.leastCap()),
      places: Array.from(harness.places()),
    };
  };
  return {
    apiOf: (path: string) => API_NAMES[harness.api(bytesOf(path))],
    familyOf: (model: string) => (["other", "gpt", "newer"] as const)[harness.family(bytesOf(model))],
    read,
    isJsonWhenEmptyAfter: (body: string) => Boolean(harness.isJsonWhenEmptyAfter(bytesOf(body))),
    /** The rest concerns the body that was read last. */
    growth: (cap: number) => harness.growth(BigInt(cap)),
    writeInPlace: (body: string, cap: number) => textOf(harness.write(bytesOf(body), BigInt(cap))),
    copied: (body: string, cap: number) => textOf(harness.copied(bytesOf(body), BigInt(cap))),
    changedTo: () => harness.changedTo(),
    /** Reads a body, and writes a cap into it. */
    clamp(api: ApiName, body: string, cap: number): string {
      read(api, body);
      return textOf(harness.copied(bytesOf(body), BigInt(cap)));
    },
  };
}
export type Caps = Awaited<ReturnType<typeof loadCaps>>;
