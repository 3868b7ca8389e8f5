import type { Logger } from "pino";
import { redisServices } from "../config/load.ts";
import type { PluginSpec } from "../config/plugins.ts";
import { formatAddress, type ServiceDirectory } from "../services.ts";
import { probe } from "./probe.ts";

const PROBE_TIMEOUT_MS = 1000;

/** Says where each Redis of the configurations is, and warns about one that does not answer. */
export async function reportServices(
  plugins: readonly PluginSpec[],
  directory: ServiceDirectory,
  logger: Logger,
): Promise<void> {
  for (const { name, port } of redisServices(plugins.map(({ configuration }) => configuration))) {
    const address = directory.resolve(`outbound|${port}||${name}`);
    if (address === undefined) continue;
    const where = `${name}:${port} at ${formatAddress(address)}`;
    const problem = await probe(address, PROBE_TIMEOUT_MS);
    if (problem === null) logger.info(`Redis ${where}`);
    else logger.warn(`Redis ${where} cannot be reached (${problem}): requests will pass unlimited`);
  }
}
