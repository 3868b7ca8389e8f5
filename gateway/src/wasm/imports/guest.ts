import type { Context, Root } from "../context.ts";
import type { GuestMemory } from "../memory.ts";
import type { CalloutReply, HostServices } from "../services.ts";
import type { Status } from "../types.ts";

/** What the host functions need of the guest that calls them. */
export interface Guest {
  readonly memory: GuestMemory;
  readonly services: HostServices;
  /** The reply to a callout, while its callback runs; empty otherwise. */
  readonly callout: CalloutReply;
  /** Whether `_initialize` runs, which may call nothing but proxy_log. */
  readonly isInitializing: boolean;
  /** The context that host calls act on now. */
  context(): Context | null;
  /** The root of that context; `null` once it has been deleted. */
  root(): Root | null;
  /** Redirects host calls to another context until the current callback returns; false if there is none of this id. */
  setEffectiveContext(id: number): boolean;
  /** Runs `action` as soon as the current callback has returned. */
  postpone(action: () => void): void;
}

/** Host functions by name. All parameters are i32 or i64, the result is a status. */
export type ImportGroup = Readonly<Record<string, (...args: never[]) => Status>>;
