import type { Gateway } from "../../gateway/src/index.ts";
import type { Stage } from "./stage.ts";

/** A story that the gateway is played through, told on the terminal. */
export interface Scene {
  /** What it shows, in a few words. */
  readonly summary: string;
  /** Plays and tells it. @returns how it ends */
  play(stage: Stage): Promise<Ending>;
}

/** What is there when a scene has been played. */
export interface Ending {
  /** Still running, for requests by hand. */
  readonly gateway: Gateway;
  /** Commands to try, as text. */
  readonly commands: string;
}
