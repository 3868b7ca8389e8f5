/** Something that goes through the gateway and can be broken off. */
export interface Interruptible {
  /** Ends it at once, at both sides and for the filter; without effect when it has ended already. */
  interrupt(details: string): void;
}

/** What is under way, so that the gateway can end it before it ends itself. */
export class InFlight {
  private readonly members = new Set<Interruptible>();
  /** Whether connections are no longer kept for another request. */
  isClosing = false;

  get size(): number {
    return this.members.size;
  }

  add(member: Interruptible): void {
    this.members.add(member);
  }

  delete(member: Interruptible): void {
    this.members.delete(member);
  }

  /** Breaks off everything that is under way; how many that were. */
  interruptAll(details: string): number {
    const interrupted = [...this.members];
    for (const member of interrupted) member.interrupt(details);
    return interrupted.length;
  }
}
