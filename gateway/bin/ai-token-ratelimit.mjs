#!/usr/bin/env node
// The command `ai-token-ratelimit`. The sources are TypeScript; they are loaded into this very process, so that a signal
// sent to it reaches the gateway, and nothing is left behind when it is killed.
import { register } from "tsx/esm/api";

register();
await import("../src/cli.ts");
