// The scanner of responses as its tests call it. One module serves a whole file of tests, as in the filter: whatever a body
// leaves behind must not show in the next one.
import { loadHarness } from "../../support/as.ts";

interface Harness {
  scan(body: ArrayBuffer, type: string, cuts: number[]): string;
  scanBy(body: ArrayBuffer, type: string, size: number): string;
  firstWrongCut(body: ArrayBuffer, type: string, expected: string): number;
  scanWithHeaders(body: ArrayBuffer, type: string, headers: string[]): string;
  generatedTokens(): bigint;
  hasUnread(): boolean;
  compressed(encoding: string): boolean;
  count(text: string): string;
  churn(count: number, body: ArrayBuffer): void;
  pages(): number;
}

export const usage = await loadHarness<Harness>("tests/unit/usage/usage.harness.ts");

export const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
