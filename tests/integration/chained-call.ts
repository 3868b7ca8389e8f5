// A call on its way through the filters of a gateway, one behind the other as in Envoy: each sees the request when the one
// before has let it pass, and what is answered goes back through all that have.
import { play, type Call, type Way } from "../support/calls.ts";
import { CONTINUE } from "../support/filter.ts";
import type { Worker } from "./faulty-worker.ts";

/** Where it stands: at a filter that has not decided, refused by one, or past the last one. */
export type Stand = "waiting" | "refused" | "passed";

export class ChainedCall implements Way {
  /** The root context of its stream in each filter. */
  private readonly roots: number[] = [];
  /** Whether the latest filter has let it pass without asking Redis. */
  private passesAtOnce = false;

  constructor(
    private readonly id: number,
    private readonly filters: readonly Worker[],
    readonly call: Call,
  ) {
    this.enter();
  }

  /** Goes as far as it can. */
  advance(): Stand {
    for (;;) {
      const stream = this.latest.host.streams.get(this.id)!;
      if (stream.localResponse !== null) return "refused";
      if (!this.passesAtOnce && stream.continued === 0) return "waiting";
      if (this.roots.length === this.filters.length) return "passed";
      this.enter();
    }
  }

  /** The rest of the call, once all filters have let it pass. */
  steps(): Generator<void> {
    return play(this, this.id, this.call);
  }

  /** The latest filter has refused it: the others see that answer. @returns which filter it was, from 0 */
  refused(): number {
    const refuser = this.roots.length - 1;
    const { code, body } = this.latest.host.streams.get(this.id)!.localResponse!;
    this.eachBefore(({ host }) => {
      this.sendBody(host);
      host.responseHeaders(this.id, { ":status": String(code), "content-type": "text/plain" });
      host.responseBody(this.id, body, true);
    });
    this.end();
    return refuser;
  }

  /** The client leaves before all filters have let it pass, so no upstream has seen it. */
  leave(): void {
    this.eachBefore(({ host }) => {
      this.sendBody(host);
      host.properties.set("response.code_details", "downstream_remote_disconnect");
      host.end(this.id);
      host.properties.delete("response.code_details");
    });
    this.end();
  }

  requestBody(id: number, chunk: string | Uint8Array, end?: boolean): number {
    for (const { host } of this.filters) host.requestBody(id, chunk, end);
    return CONTINUE;
  }

  responseHeaders(id: number, headers: Record<string, string>, end?: boolean): number {
    for (const { host } of this.filters.toReversed()) host.responseHeaders(id, headers, end);
    return CONTINUE;
  }

  responseBody(id: number, chunk: string | Uint8Array, end?: boolean): number {
    for (const { host } of this.filters.toReversed()) host.responseBody(id, chunk, end);
    return CONTINUE;
  }

  responseTrailers(id: number): number {
    for (const { host } of this.filters.toReversed()) host.responseTrailers(id);
    return CONTINUE;
  }

  end(): void {
    for (const [i, root] of this.roots.entries()) {
      const worker = this.filters[i]!;
      if (worker.host.streams.has(this.id)) worker.host.end(this.id);
      worker.closed(root);
    }
    this.roots.length = 0;
  }

  private get latest(): Worker {
    return this.filters[this.roots.length - 1]!;
  }

  /** Its request reaches the next filter. */
  private enter(): void {
    const worker = this.filters[this.roots.length]!;
    const { root } = worker;
    this.roots.push(root);
    worker.opened(root);
    const { headers, requestBody } = this.call;
    this.passesAtOnce = worker.host.request(this.id, root, headers, requestBody === null).action === CONTINUE;
  }

  private eachBefore(act: (worker: Worker) => void): void {
    this.filters.slice(0, this.roots.length - 1).forEach(act);
  }

  private sendBody(host: Worker["host"]): void {
    if (this.call.requestBody !== null) host.requestBody(this.id, this.call.requestBody, true);
  }
}
