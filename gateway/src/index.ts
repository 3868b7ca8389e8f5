/** The gateway as a library: what tools/demo and tests start in their own process. */
export { startGateway, type Gateway, type GatewayOptions } from "./gateway.ts";
export { DEFAULT_WASM } from "./modules.ts";
export { checkConfig, type CheckResult } from "./check-config.ts";
export { ConfigError } from "./config/yaml.ts";
export { ConfigurationRefused } from "./chain/filter.ts";
export { OptionError } from "./services.ts";
export { ModuleRejected } from "./wasm/vm.ts";
export { createLogger, stripGuestPrefix } from "./log.ts";
export { LogLevel } from "./wasm/types.ts";
