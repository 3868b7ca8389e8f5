import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { checkConfigFiles } from "./cli/check-config.ts";
import { explainCurl } from "./cli/explain.ts";
import { integer, list, service, wasmModule } from "./cli/options.ts";
import { runMain } from "./cli/run.ts";
import { serve } from "./cli/serve.ts";
import { LIMITER } from "./config/own-plugins.ts";
import { LOG_LEVELS } from "./log.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("ai-token-ratelimit")
  .description("A local AI gateway that runs the ai-token-ratelimit filter on real HTTP traffic")
  .version(version);

program
  .command("serve", { isDefault: true })
  .description("proxy requests through plugins to an upstream")
  .option(
    "--config <file>",
    "of the rate limiter; YAML: a WasmPlugin, a configuration of Envoy, or the bare one",
  )
  .option("--plugin <file>", "YAML: WasmPlugins, run by phase and priority (repeatable)", list, [])
  .requiredOption("--upstream <url>", "where requests go")
  .option("--upstream-ca <file>", "certificate authorities (PEM) to trust for it, beside the usual ones")
  .option("--redis <host:port>", "the Redis behind every service of the configuration", "127.0.0.1:6379")
  .option("--service <name=host:port>", "where one service is (repeatable)", service, {})
  .option(
    "--wasm <[name=]file>",
    "the module of a plugin, by its name or that of its image (repeatable); without a name, of the rate limiter",
    wasmModule(LIMITER),
    {},
  )
  .option("--host <name|address>", "where to listen; 0.0.0.0 is every IPv4 address", "127.0.0.1")
  .option("--port <number>", "port, 0 for any", integer(0, 65535), 8080)
  .option(
    "--admin-port <number>",
    "port for /metrics and /healthz on 127.0.0.1, 0 for any",
    integer(0, 65535),
    0,
  )
  .option("--route <name>", "name of the route, for rules that match one", "default")
  .option("--cluster <name>", "name of the upstream's cluster", "outbound|80||upstream.static")
  .option("--grace <seconds>", "how long requests may go on when the gateway is to end", integer(0, 86400), 5)
  .addOption(new Option("--log-level <level>").choices(LOG_LEVELS).default("info"))
  .action(serve);

program
  .command("check-config")
  .description("tell every problem of configurations, and what they do in words")
  .argument(
    "<file...>",
    "YAML or JSON: WasmPlugins, configurations of Envoy, or bare ones; - for standard input",
  )
  .option("--strict", "warnings fail too")
  .option("--json", "one JSON object: ok, errors, warnings, configurations[], problems[]")
  .option("--wasm <file>", "the module that checks all of them, instead of those in build/")
  .action(checkConfigFiles);

program
  .command("explain")
  .description("tell what the rate limiter does with a request, and why; nothing is sent or counted")
  .argument("<curl...>", "a curl command behind --, as one text or as words")
  .requiredOption("--config <file>", "as for check-config")
  .option(
    "--redis <host:port>",
    "where the counters are, which are only read; without it, nothing has been used yet",
  )
  .option("--service <name=host:port>", "where one service is (repeatable)", service, {})
  .option("--wasm <file>", "the module of the rate limiter")
  .option("--route <name>", "name of the route, for rules that match one", "default")
  .option("--cluster <name>", "name of the upstream's cluster", "outbound|80||upstream.static")
  .option("--client <address>", "the client's address", "127.0.0.1")
  .option("--json", "one JSON object")
  .action(explainCurl);

await runMain(program);
