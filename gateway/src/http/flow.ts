/** Something that can stop and go on reading, like a node stream. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
}

/**
 * Pauses a source as long as anyone wants it paused: the writer behind it that is full, or the filter that
 * holds too much.
 */
export class FlowGate {
  private readonly reasons = new Set<string>();
  private source: Source | null = null;

  attach(source: Source): void {
    this.source = source;
    if (this.reasons.size > 0) source.pause();
  }

  block(reason: string): void {
    this.reasons.add(reason);
    this.source?.pause();
  }

  unblock(reason: string): void {
    if (this.reasons.delete(reason) && this.reasons.size === 0) this.source?.resume();
  }

  /** Lets everything through from now on, to be thrown away. */
  open(): void {
    this.reasons.clear();
    this.source?.resume();
  }
}
