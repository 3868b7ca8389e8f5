// What reading costs per byte and per chunk, without the host: the usage scanner, the estimator, regular expressions.
import { cut, events, longCompletion } from "./bodies.ts";
import { loadHarness, put, type Harness } from "./harness.ts";
import { measure, spreadOf, type Effort, type Spread, type Subject } from "./measure.ts";
import { CHUNK, USAGE } from "./scenarios.ts";
import { chineseText, codeText, modelText } from "./text.ts";

interface ScanHarness extends Harness {
  free(ptr: number): void;
  cut(sizes: number, count: number): void;
  scan(body: number): number;
  estimate(ptr: number, size: number): number;
  compile(ptr: number, size: number): number;
  search(ptr: number, size: number): number;
}

export interface ScanCost {
  title: string;
  bytes: number;
  chunks: number;
  /** Nanoseconds. */
  perByte: Spread;
  perChunk: Spread;
}

const scaled = (samples: number[], by: number): Spread => spreadOf(samples.map((sample) => sample / by));

/** The usage scanner over bodies that are cut in different ways. */
export async function measureScanner(effort: Effort): Promise<ScanCost[]> {
  const json = longCompletion(280_000, USAGE);
  const sse = events(1_000, USAGE);
  const bodies: [string, Buffer[]][] = [
    ["JSON, 16 KB chunks", cut(json, CHUNK)],
    ["JSON, 256-byte chunks", cut(json, 256)],
    ["SSE, 16 KB chunks", cut(Buffer.concat(sse), CHUNK)],
    ["SSE, a chunk per event", sse],
  ];
  const subjects = await Promise.all(bodies.map(([title, chunks]) => scannerOf(title, chunks)));
  const samples = measure(subjects, effort);
  return bodies.map(([title, chunks], i) => {
    const bytes = Buffer.concat(chunks).length;
    const [perByte, perChunk] = [scaled(samples[i]!, bytes), scaled(samples[i]!, chunks.length)];
    return { title, bytes, chunks: chunks.length, perByte, perChunk };
  });
}

async function scannerOf(title: string, chunks: Buffer[]): Promise<Subject> {
  const harness = await loadHarness<ScanHarness>("scanning");
  const body = put(harness, Buffer.concat(chunks));
  harness.cut(
    put(harness, new Uint8Array(Int32Array.from(chunks, ({ length }) => length).buffer)),
    chunks.length,
  );
  if (harness.scan(body) !== USAGE.input + USAGE.output) throw new Error(`${title}: the usage is not found`);
  return {
    run: (times) => {
      for (let i = 0; i < times; ++i) harness.scan(body);
    },
  };
}

/** The estimator over texts of several kinds. */
export async function measureEstimator(effort: Effort): Promise<ScanCost[]> {
  const texts: [string, Buffer][] = [
    ["estimate, English", Buffer.from(modelText(32_768))],
    ["estimate, Chinese", Buffer.from(chineseText(10_900))],
    ["estimate, code", Buffer.from(codeText(32_768))],
  ];
  const subjects = await Promise.all(
    texts.map(async ([title, text]): Promise<Subject> => {
      const harness = await loadHarness<ScanHarness>("scanning");
      const ptr = put(harness, text);
      if (harness.estimate(ptr, text.length) < text.length / 10) throw new Error(`${title}: no estimate`);
      return {
        run: (times) => {
          for (let i = 0; i < times; ++i) harness.estimate(ptr, text.length);
        },
      };
    }),
  );
  const samples = measure(subjects, effort);
  return texts.map(([title, { length }], i) => ({
    title,
    bytes: length,
    chunks: 1,
    perByte: scaled(samples[i]!, length),
    perChunk: scaled(samples[i]!, 1),
  }));
}

export interface RegexCost {
  pattern: string;
  /** Of the text searched, in bytes. */
  size: number;
  /** Nanoseconds. */
  perByte: Spread;
}

export const REGEX_SIZES = [64, 1 << 10, 4 << 10, 16 << 10, 64 << 10] as const;

/** Patterns, each with what the text to search repeats and how it ends: none is found, so all of it must be read. */
const PATTERNS: [pattern: string, repeated: string, end: string][] = [
  ["^(a+)+$", "a", "!"],
  ["(a*)*b", "a", "a"],
  ["(x+x+)+y", "x", "x"],
  ["(a|aa)+$", "a", "!"],
  ["(.*a){20}", "b", "b"],
  ["team-[a-z]+", "the quick brown fox ", "."],
  ["(?i)premium|enterprise", "the quick brown fox ", "."],
  ["\\p{Han}+x", "限流器", "。"],
];

/** Searching in texts of growing size, adversarial ones above all: the cost per byte must stay the same. */
export async function measureRegex(effort: Effort): Promise<RegexCost[]> {
  const costs: RegexCost[] = [];
  for (const [pattern, repeated, end] of PATTERNS) {
    const subjects = await Promise.all(
      REGEX_SIZES.map((size) => searchOf(pattern, textOf(size, repeated, end))),
    );
    const samples = measure(subjects, effort);
    REGEX_SIZES.forEach((size, i) => costs.push({ pattern, size, perByte: scaled(samples[i]!, size) }));
  }
  return costs;
}

function textOf(size: number, repeated: string, end: string): Buffer {
  const text = Buffer.from(repeated.repeat(Math.ceil(size / Buffer.byteLength(repeated))));
  const tail = Buffer.from(end);
  return Buffer.concat([text.subarray(0, size - tail.length), tail]);
}

async function searchOf(pattern: string, text: Buffer): Promise<Subject> {
  const harness = await loadHarness<ScanHarness>("scanning");
  const bytes = Buffer.from(pattern);
  if (!harness.compile(put(harness, bytes), bytes.length)) throw new Error(`${pattern}: refused`);
  harness.collect();
  const ptr = put(harness, text);
  if (harness.search(ptr, text.length)) throw new Error(`${pattern}: found`);
  return {
    run: (times) => {
      for (let i = 0; i < times; ++i) harness.search(ptr, text.length);
    },
  };
}
