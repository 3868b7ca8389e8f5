/** ai-quota for Higress, which offers its filters Redis calls. */
import "../abi/static-data";
import { setRootFactory } from "../abi/dispatcher";
import { nameLines } from "../abi/log";
import { NAME } from "../filters/quota/identity";
import { QuotaRoot } from "../filters/quota/root";
import { Host } from "../plugin/host";
import { HigressTransport } from "../redis/higress";

export * from "../abi/exports";
export { proxy_on_redis_call_response } from "../abi/redis";

/** The marker by which the host knows the ABI version. */
export function proxy_abi_version_0_2_100(): void {}

nameLines(NAME);
const HOST = new Host((redis) => HigressTransport.connect(redis), true, true, true);
setRootFactory((id) => new QuotaRoot(id, HOST));
