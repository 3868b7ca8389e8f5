import pino, { type Logger } from "pino";
import { createLogger } from "../../../gateway/src/index.ts";

const WARN = 40;

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly response_code_details?: string;
}

/** The access log of a gateway: says what answered each request. Warnings go to the terminal. */
export class AccessLog {
  /** To be given to the gateway. */
  readonly logger: Logger = pino({ base: null }, { write: (line) => this.take(JSON.parse(line) as Line) });
  private readonly terminal = createLogger("warn");
  private onDetails: (details: string) => void = () => {};

  /** `response_code_details` of the next request that ends. To be asked for before the request is sent. */
  next(): Promise<string> {
    return new Promise((resolve) => (this.onDetails = resolve));
  }

  private take({ level, msg, response_code_details: details }: Line): void {
    if (level >= WARN) this.terminal.warn(msg);
    if (details !== undefined) this.onDetails(details);
  }
}
