interface Output {
  toString(): string;
}

interface Api {
  /** What an input file holds, `null` if there is none; read from the file system if absent. */
  readonly readFile?: (name: string) => string | null | Promise<string | null>;
  /** Writes an output file; into the file system if absent. */
  readonly writeFile?: (name: string, contents: string | Uint8Array) => void;
  /** The input files of a folder; asked for libraries only. */
  readonly listFiles?: (folder: string) => string[] | null;
}

interface Result {
  /** Why nothing was compiled; `null` if all went well. */
  readonly error: Error | null;
  readonly stdout: Output;
  readonly stderr: Output;
}

declare const asc: {
  readonly version: string;
  /** Runs the compiler with the arguments of its command line. */
  main(args: readonly string[], api?: Api): Promise<Result>;
};
export default asc;
