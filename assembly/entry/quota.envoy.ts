/** ai-quota for stock Envoy and Istio, which offer their filters HTTP calls and no Redis calls. */
import "../abi/static-data";
import { setRootFactory } from "../abi/dispatcher";
import { nameLines } from "../abi/log";
import { NAME } from "../filters/quota/identity";
import { QuotaRoot } from "../filters/quota/root";
import { Host } from "../plugin/host";
import { HttpTransport } from "../redis/http";

export * from "../abi/exports";
export { proxy_on_http_call_response } from "../abi/http-call";

/** The marker by which the host knows the ABI version. */
export function proxy_abi_version_0_2_1(): void {}

nameLines(NAME);
// Each command is sent with its own credentials, to its own database.
const HOST = new Host((redis) => new HttpTransport(redis), false, false, false);
setRootFactory((id) => new QuotaRoot(id, HOST));
