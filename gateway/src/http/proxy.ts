import { createServer, type Server } from "node:http";
import { Exchange, type ExchangeContext } from "./exchange.ts";

/** As Envoy's default. */
const MAX_HEADER_BYTES = 60 * 1024;

/** The data-plane server: each request becomes an exchange. */
export function createProxy(context: ExchangeContext): Server {
  return createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    new Exchange(context, request, response);
  });
}
