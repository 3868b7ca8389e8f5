/** Why a VM is dead. */
export interface Trap {
  /** The exported function the host had called. */
  readonly callback: string;
  /** The innermost guest function, by its name if the module carries names, else `wasm-function[N]`. */
  readonly where: string;
  /** The engine's message, e.g. `unreachable` or `divide by zero`. */
  readonly message: string;
}

// "    at assembly/ledger/key/join (wasm://wasm/0001a2b3:wasm-function[42]:0x1f3)", or without a name.
const FRAME = /^\s*at (?:(.*) \()?wasm:\/\/[^)]*?(wasm-function\[\d+\]):0x[0-9a-f]+\)?$/;
const ABORT = /(^|\/)abort$/;

/**
 * Reads an error thrown by a call into the guest. The guest's own abort function is skipped: the function
 * that called it is the one to look at.
 */
export function describeTrap(callback: string, error: unknown): Trap {
  if (!(error instanceof Error)) return { callback, where: callback, message: String(error) };
  const frames = (error.stack ?? "").split("\n").flatMap((line) => {
    const match = FRAME.exec(line);
    return match ? [match[1] ?? match[2] ?? ""] : [];
  });
  const where = frames.find((name) => !ABORT.test(name)) ?? callback;
  return { callback, where, message: error.message };
}
