/** Holds the answers of the model until every call is either there or rejected, so that all calls are in flight at once. */
export class Gate {
  private waiting: (() => void)[] = [];
  private expected = 0;
  private readonly arrivals = new Map<string, number>();

  /** Closes it until as many calls as `calls` have arrived or left. With 0 it stays open. */
  close(calls: number): void {
    this.expected = calls;
    this.arrivals.clear();
  }

  /** A call has reached the model. @returns when it may be answered */
  arrive(call: string): Promise<void> {
    this.arrivals.set(call, performance.now());
    if (this.expected === 0) return Promise.resolve();
    return new Promise((pass) => {
      this.waiting.push(pass);
      this.count();
    });
  }

  /** A call has been rejected, or has failed. */
  leave(): void {
    if (this.expected > 0) this.count();
  }

  /** When a call has reached the model, as `performance.now()` says; undefined if it has not. */
  arrivalOf(call: string): number | undefined {
    return this.arrivals.get(call);
  }

  private count(): void {
    if (--this.expected > 0) return;
    for (const pass of this.waiting.splice(0)) pass();
  }
}
